import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { nodePlatform } from "../../src/platform/node/node.ts";

it("the committed kernels are what their sources compile to", () => {
  const out = mkdtempSync(join(tmpdir(), "worldsize-kernels-"));
  try {
    const { status, stderr } = spawnSync(process.execPath, ["tools/kernels.mjs", out], { encoding: "utf8" });
    expect(stderr).toBe("");
    expect(status).toBe(0);
    for (const build of ["base", "relaxed"]) {
      const same = readFileSync(join(out, `${build}.wasm`)).equals(readFileSync(`kernels/${build}.wasm`));
      expect(same, `${build}.wasm is stale: npm run kernels`).toBe(true);
    }
  } finally {
    rmSync(out, { recursive: true });
  }
});

it("the kernels bring no data segment: every worker instantiates them over one memory", async () => {
  for (const build of ["base", "relaxed"] as const) {
    const { module } = await nodePlatform.loadKernels(build);
    expect(WebAssembly.Module.imports(module), build).toEqual([{ module: "env", name: "memory", kind: "memory" }]);
    expect(sections(readFileSync(`kernels/${build}.wasm`))).not.toContain(11);
  }
});

/** Section numbers of a WebAssembly binary. */
function sections(code: Uint8Array): number[] {
  const found: number[] = [];
  for (let at = 8; at < code.length; ) {
    found.push(code[at++]);
    let size = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = code[at++];
      size |= (byte & 127) << shift;
      if (byte < 128) break;
    }
    at += size;
  }
  return found;
}
