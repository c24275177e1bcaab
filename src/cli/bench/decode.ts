/**
 * `worldsize bench decode`: tokens of a Llama of 100 million parameters, one sequence, weights of 8 bits, on one thread and
 * on two, beside llama.cpp on the same model in q8_0. Each is a process of its own.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../scripts.ts";
import type { Flags, Measurement, Progress } from "./measure.ts";
import { runDecodePeer } from "./peers.ts";

/** Tokens that each side is timed for in a round; the best counts. */
const TOKENS = 40;

/** Runs our program in a process of its own. @returns what it printed. */
function ours(...options: string[]): string {
  const command = [join(root, "bin/worldsize.mjs"), "run", join(root, "bench/decode.ts"), "-n", "1", "--json"];
  return execFileSync(process.execPath, [...command, ...options], { encoding: "utf8" });
}

function ourTime(threads: number): number {
  const printed = ours("--rounds", String(TOKENS), "--helpers", String(threads - 1));
  const line = printed.split("\n").find((each) => each.includes('"kind":"row"'));
  return (JSON.parse(line ?? "{}") as { row: { milliseconds: number } }).row.milliseconds;
}

export async function benchDecode(flags: Flags, progress: Progress): Promise<Measurement[]> {
  const compared = flags.against.includes("node-llama-cpp");
  const folder = mkdtempSync(join(tmpdir(), "worldsize-decode-"));
  const file = join(folder, "model.gguf");
  const best = { ours: [Infinity, Infinity], theirs: [Infinity, Infinity] };
  try {
    if (compared) ours("--write", file);
    for (let round = 1; round <= flags.rounds; round++) {
      for (const threads of [1, 2]) {
        progress(`decode, round ${round} of ${flags.rounds}: ${threads} of 2 threads`);
        const i = threads - 1;
        best.ours[i] = Math.min(best.ours[i], ourTime(threads));
        if (compared) best.theirs[i] = Math.min(best.theirs[i], runDecodePeer(file, threads, TOKENS));
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return best.ours.map((value, i): Measurement => {
    const name = `WASM, ${i + 1} thread${i > 0 ? "s" : ""}`;
    const own = { bench: "decode", case: name, metric: "token, int8", unit: "ms", value };
    if (!compared) return own;
    const peerValue = best.theirs[i];
    return { ...own, peer: "node-llama-cpp (its time / ours)", peerValue, ratio: peerValue / value };
  });
}
