/** Writes checkpoints for ever, from a given step on, and tells of each that is written. */
import { writeCheckpoint } from "../../src/models/node/checkpoints.ts";

const [folder, first] = process.argv.slice(2);
for (let step = Number(first); ; step++) {
  const chunks = Array.from({ length: 16 }, () => new Uint8Array(1 << 16).fill(step % 256));
  await writeCheckpoint(folder, step, [{ name: "weights", chunks }], { keep: 1 });
  process.send?.(step);
}
