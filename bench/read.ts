/** The ranks' side of `worldsize bench read`: a model of 500 MB is read from its folder, in turns with copying the folder. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defineScript, number } from "worldsize";
import { readModel, writeModel } from "worldsize/files";
import { Decoder, llamaShape } from "worldsize/models";

const config = llamaShape({
  vocabularySize: 16_384,
  width: 768,
  layers: 16,
  heads: 12,
  ffnWidth: 2048,
  maxPositions: 256,
});

export default defineScript({
  about: "Times reading a model's safetensors in f32 from a folder, and cp -r of the same folder.",
  ranks: 1,
  options: { rounds: number(5, "how often each is timed, after one time that does not count; the best counts") },
  async main({ device, options: { rounds }, show, now }) {
    const above = mkdtempSync(join(tmpdir(), "worldsize-read-"));
    const folder = join(above, "model");
    const copy = join(above, "copy");
    try {
      const model = new Decoder(device, config);
      const bytes = 4 * model.parameters().reduce((sum, { size }) => sum + size, 0);
      await writeModel(folder, model, { shardBytes: 200e6 });
      model.dispose();
      const best = { milliseconds: Infinity, copy: Infinity };
      for (let round = 0; round <= rounds; round++) {
        let start = now();
        execFileSync("cp", ["-r", folder, copy]);
        const copying = now() - start;
        rmSync(copy, { recursive: true });
        start = now();
        const read = await readModel(device, folder);
        await device.synchronize();
        const reading = now() - start;
        read.dispose();
        if (round === 0) continue;
        best.milliseconds = Math.min(best.milliseconds, reading);
        best.copy = Math.min(best.copy, copying);
      }
      show.row({ ...best, bytes });
    } finally {
      rmSync(above, { recursive: true, force: true });
    }
  },
});
