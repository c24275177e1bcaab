/** Training goes on from a checkpoint of another layout, and ends as a plain folder that is the same from every layout. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { exportCheckpoint } from "../../src/parallel/node/export.ts";
import { runProgram } from "../helpers/jobs.ts";

const root = mkdtempSync(join(tmpdir(), "sharded-training-"));
afterAll(() => rmSync(root, { recursive: true }));

type How = Readonly<{ layout: string; ranks: number; transport?: "local" | "shm" | "tcp" }>;
interface Steps {
  /** Loss by step. */
  readonly losses: Readonly<Record<number, number>>;
  /** Samples that all ranks together have taken, by step. */
  readonly samples: Readonly<Record<number, readonly number[]>>;
}

async function train(
  { layout, ranks, transport = "local" }: How,
  options: Record<string, string | number>,
): Promise<Steps> {
  const { failure, shown } = await runProgram("test/programs/checkpoint-training.ts", {
    ranks,
    transport,
    streams: "inline",
    options: { layout, ...options },
  });
  expect(failure?.message).toBe(undefined);
  const losses: Record<number, number> = {};
  const samples: Record<number, number[]> = {};
  for (const { shown: what } of shown) {
    if (what.kind !== "row") continue;
    const { step, loss, samples: own } = what.row as { step: number; loss: number; samples: string };
    expect(losses[step] ?? loss).toBe(loss); // the same on every rank
    losses[step] = loss;
    samples[step] = [...(samples[step] ?? []), ...own.split(",").filter(Boolean).map(Number)].sort((a, b) => a - b);
  }
  return { losses, samples };
}

/** All files of a folder, by name. */
function contentsOf(folder: string): Record<string, string> {
  return Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), "latin1")]));
}

describe.each(["f32", "bf16"])("%s", { timeout: 120_000 }, (dtype) => {
  it("goes on with the same losses, bit for bit on the same layout, and takes each sample once", async () => {
    const begun: How = { layout: "fsdp", ranks: 2 };
    const folder = join(root, `training-${dtype}`);
    const whole = await train(begun, { folder, dtype, saved: 2, steps: 5 });
    expect(Object.keys(whole.losses)).toEqual(["0", "1", "2", "3", "4"]);
    const tail = [2, 3, 4].map((step) => whole.losses[step]);
    const others: How[] = [
      begun,
      { layout: "fsdp", ranks: 3 },
      { layout: "ddp", ranks: 5 },
      { layout: "zero1", ranks: 3, transport: "shm" },
      { layout: "hsdp", ranks: 4 },
      { layout: "fsdp", ranks: 1 },
    ];
    for (const how of others) {
      const { losses, samples } = await train(how, { folder, dtype, steps: 5 });
      // 12 were taken: 12 to 17 come next, each once, however many ranks there are.
      expect(samples).toEqual({
        2: [12, 13, 14, 15, 16, 17],
        3: [18, 19, 20, 21, 22, 23],
        4: [24, 25, 26, 27, 28, 29],
      });
      if (how === begun) expect(Object.values(losses)).toEqual(tail);
      for (const [i, loss] of Object.values(losses).entries())
        expect(Math.abs(loss - tail[i]) / tail[i]).toBeLessThan(dtype === "f32" ? 2e-6 : 2e-2);
    }
  });
});

describe.each([
  ["llama", "f32"],
  ["llama", "bf16"],
  ["gpt2", "f32"],
  ["gpt2", "bf16"],
])("a %s of %s as a plain folder", { timeout: 120_000 }, (family, dtype) => {
  it("is bit by bit what one rank writes, from the checkpoint and from every layout", async () => {
    const folder = join(root, `export-${family}-${dtype}`);
    const options = { folder, family, dtype, steps: 2 };
    await train({ layout: "fsdp", ranks: 3 }, { ...options, saved: 2 });
    const alone = join(root, `alone-${family}-${dtype}`);
    await train({ layout: "ddp", ranks: 1 }, { ...options, out: alone });
    const expected = contentsOf(alone);
    expect(Object.keys(expected).length).toBeGreaterThan(5); // several files of weights
    for (const how of [
      { layout: "fsdp", ranks: 3 },
      { layout: "ddp", ranks: 2, transport: "shm" },
      { layout: "zero1", ranks: 5 },
      { layout: "hsdp", ranks: 4 },
    ] as const) {
      const out = join(root, `${how.layout}-${family}-${dtype}`);
      await train(how, { ...options, out });
      expect(contentsOf(out)).toEqual(expected);
    }
    const out = join(root, `checkpoint-${family}-${dtype}`);
    mkdirSync(out);
    await exportCheckpoint(join(folder, "step-00000002"), out, { shardBytes: 3000 });
    expect(contentsOf(out)).toEqual(expected);
    expect(readdirSync(root).filter((name) => name.startsWith("."))).toEqual([]);
  });
});

describe("an export that cannot be", { timeout: 120_000 }, () => {
  it("is refused with its reason, and nothing is written", async () => {
    const folder = join(root, "refused");
    await train({ layout: "fsdp", ranks: 2 }, { folder, steps: 1, saved: 1 });
    const broken = async (change: (path: string) => void): Promise<string> => {
      const path = mkdtempSync(join(root, "broken-"));
      cpSync(join(folder, "step-00000001"), path, { recursive: true });
      change(path);
      const out = join(root, "never");
      const error = await exportCheckpoint(path, out).catch((thrown: Error) => thrown);
      expect(readdirSync(root)).not.toContain("never");
      return String((error as Error).message).replace(path, "CHECKPOINT");
    };
    const edit = (file: string, from: string, to: string) => (path: string) => {
      const text = readFileSync(join(path, file), "utf8");
      expect(text).toContain(from);
      writeFileSync(join(path, file), text.replace(from, to));
    };
    expect(await broken(edit("config.json", '"num_hidden_layers": 3', '"num_hidden_layers": 4'))).toBe(
      'CHECKPOINT/sharded.json has no parameter "layers.3.attentionNorm.weight", which config.json asks for.',
    );
    expect(await broken(edit("config.json", '"num_hidden_layers": 3', '"num_hidden_layers": 2'))).toMatch(
      /^CHECKPOINT\/sharded\.json has 29 parameters, and by config\.json the model has 20\.$/,
    );
    expect(await broken(edit("config.json", '"intermediate_size": 17', '"intermediate_size": 18'))).toBe(
      'CHECKPOINT/sharded.json: "layers.0.mlp.gate.weight" is [17, 12], and by config.json [18, 12].',
    );
    expect(await broken((path) => rmSync(join(path, "note.txt")))).toBe(
      "CHECKPOINT/note.txt is missing; the index says that it goes with the model. Copy the whole folder.",
    );
    expect(await broken((path) => rmSync(join(path, "rank-00001.safetensors")))).toMatch(
      /CHECKPOINT\/rank-00001\.safetensors is missing; the index says that it holds "/,
    );
    expect(await broken(edit("sharded.json", '"hasConfig":true', '"hasConfig":false'))).toBe(
      "CHECKPOINT/sharded.json has no config.json: the form of its model is not known. Save it with a config.",
    );
    const other = mkdtempSync(join(root, "other-"));
    writeFileSync(join(other, "diary.txt"), "mine");
    await expect(exportCheckpoint(join(folder, "step-00000001"), other)).rejects.toThrow("also holds diary.txt");
  });
});
