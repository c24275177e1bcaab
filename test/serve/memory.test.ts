/** What a served model takes, counted before it is read: against what the allocator really gives out, and what is refused. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Decoder } from "../../src/models/index.ts";
import { readModel, readQuantized } from "../../src/models/node/load.ts";
import { writeModel } from "../../src/models/node/save.ts";
import * as serve from "../../src/serve/index.ts";
import type { TensorDevice } from "../../src/tensor/index.ts";
import { closeDevices, makeTensorDevice } from "../helpers/device.ts";
import { forms } from "../helpers/llama.ts";
import { ask, toIdle } from "./helpers.ts";

let device: TensorDevice;
let folder: string;
beforeAll(async () => {
  device = await makeTensorDevice(3);
  folder = mkdtempSync(join(tmpdir(), "memory-"));
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await closeDevices();
});
const used = (): number => device.memoryStats().allocated.current;

const all = { ...forms, oddKeys: { ...forms.llamaWithBias, heads: 16, kvHeads: 1, headDim: 4 } };

describe.each(Object.entries(all))("%s", (name, config) => {
  it.each(serve.weightDTypes)("%s: weights and pages to the byte, and no step above what is said", async (weights) => {
    const path = join(folder, name);
    const whole = new Decoder(device, config);
    await writeModel(path, whole);
    whole.dispose();
    for (const kv of serve.kvDTypes) {
      const [pages, pageSize] = [37, 3];
      const options = { weights, kv, kvTokens: pages * pageSize, pageSize, maxTokens: 24, maxSequences: 8 };
      const need = serve.memoryNeed(config, options);
      const empty = used();
      const model =
        weights === "int8" || weights === "int4"
          ? await readQuantized(device, path, { bits: weights === "int8" ? 8 : 4 })
          : await readModel(device, path, { dtype: weights });
      expect(used() - empty).toBe(need.weights);
      const runner = new serve.ModelRunner(model, pages, pageSize, { kvDType: kv });
      expect(used() - empty).toBe(need.weights + need.kv);
      expect(runner.kv.bytes).toBe(pages * pageSize * serve.kvBytesPerToken(config, kv));
      const pool = new serve.PagePool(pages, pageSize);
      const engine = new serve.Engine({ runner, pool, cache: serve.noCache, maxTokens: 24, maxSequences: 8 });
      device.raw.resetPeakMemory();
      for (let i = 0; i < 10; i++) ask(engine, { prompt: [i + 1, 2, 3, 4, 5, 6, 7, 8, 9, i], maxTokens: 3 });
      await toIdle(engine);
      const step = device.memoryStats().allocated.peak - empty - need.weights - need.kv;
      expect(step).toBeGreaterThan(0);
      expect(step).toBeLessThanOrEqual(need.step - 16 * 256 * 1024); // without what is added for segments
      runner.dispose();
      const captured = new serve.ModelRunner(model, pages, pageSize, { kvDType: kv, graphs: 8 });
      const again = new serve.Engine({ runner: captured, pool, cache: serve.noCache, maxTokens: 24, maxSequences: 8 });
      for (let i = 0; i < 10; i++) ask(again, { prompt: [i + 1, 2, 3], maxTokens: 3 + i });
      await toIdle(again);
      const kept = used() - empty - need.weights - need.kv;
      expect(kept).toBeLessThanOrEqual(serve.graphBytes(config, options, 8) - 4 * 16 * 256 * 1024);
      captured.dispose();
      model.dispose();
      expect(used()).toBe(empty);
    }
  });
});

it("refuses what does not fit, with both numbers and what would", () => {
  const { "Llama 3.1 8B": large, "Qwen2.5 1.5B": medium } = serve.knownShapes;
  const kv = { kv: "f32", kvTokens: 8192 } as const;
  const refusal = (run: () => unknown): serve.MemoryRefusal => {
    try {
      run();
    } catch (error) {
      return error as serve.MemoryRefusal;
    }
    throw new Error("Nothing was refused.");
  };
  const first = refusal(() => serve.checkMemory(medium, { ...kv, weights: "f32" }));
  expect(first).toBeInstanceOf(serve.MemoryRefusal);
  expect(first.message).toMatch(
    /needs \d.* (GiB|MiB) \(weights in f32 .*but there are 4.0 GiB in a process. It fits with/,
  );
  expect(first.need.total).toBeGreaterThan(first.need.budget);
  const said = /with weights in (\w+) and keys and values in (\w+)/.exec(first.message);
  const proposed = { ...kv, weights: said?.[1] as serve.WeightDType, kv: said?.[2] as serve.KvDType };
  expect(serve.checkMemory(medium, proposed).fits).toBe(true);
  const second = refusal(() => serve.checkMemory(large, { ...kv, weights: "bf16" }));
  expect(second.message).not.toContain("with weights in"); // its embedding alone is 2 GB of f32
  const none = refusal(() => serve.checkMemory(medium, { ...kv, weights: "int4", budget: 1000 }));
  expect(none.message).toContain("No dtype, and no split by heads, makes it fit.");
});

it("graphs of as many sequences as there is room for, and none where there is none", () => {
  const { "SmolLM2 135M": config } = serve.knownShapes;
  const options = { weights: "int8", kv: "bf16", kvTokens: 8192, maxSequences: 48 } as const;
  const { total } = serve.memoryNeed(config, options);
  expect(serve.graphsThatFit(config, options)).toBe(48);
  for (const most of [1, 6, 12]) {
    const budget = total + serve.graphBytes(config, options, most);
    expect([most, serve.graphsThatFit(config, { ...options, budget })]).toEqual([most, most]);
    expect(serve.graphsThatFit(config, { ...options, budget: budget - 1 })).toBeLessThan(most);
  }
});

it("as many pages as fit, and not one more", () => {
  const { "SmolLM2 135M": config } = serve.knownShapes;
  for (const budget of [1e9, 2e9, serve.USABLE]) {
    for (const kv of serve.kvDTypes) {
      const options = { weights: "f32", kv, budget } as const;
      const pages = serve.pagesThatFit(config, options);
      expect(serve.memoryNeed(config, { ...options, kvTokens: 16 * pages }).fits).toBe(true);
      expect(serve.memoryNeed(config, { ...options, kvTokens: 16 * (pages + 1) }).fits).toBe(false);
    }
  }
  expect(serve.pagesThatFit(config, { weights: "f32", kv: "f32", budget: 1e8 })).toBe(0);
});

it("a split by heads is the least that fits, and shares heads out evenly", () => {
  for (const config of Object.values(serve.knownShapes)) {
    for (const weights of serve.weightDTypes) {
      const options = { weights, kv: "bf16", kvTokens: 8192 } as const;
      const processes = serve.processesThatFit(config, options);
      expect(processes === 1).toBe(serve.memoryNeed(config, options).fits);
      if (processes) expect([config.heads % processes, config.kvHeads % processes]).toEqual([0, 0]);
    }
  }
});

it("the table of public shapes: parameters as their makers count them, and which sizes fit", () => {
  const millions = (name: string): number => serve.weightBytes(serve.knownShapes[name], "f32", 1) / 4e6;
  const counts = { "SmolLM2 135M": 134.5, "SmolLM2 360M": 361.8, "SmolLM2 1.7B": 1711, "Llama 3.2 1B": 1236, "Llama 3.2 3B": 3213, "Llama 3.1 8B": 8030, "Qwen2.5 0.5B": 494, "Qwen2.5 1.5B": 1544, "Qwen2.5 3B": 3086, "Qwen2.5 7B": 7616, "Qwen3 0.6B": 596, "Qwen3 1.7B": 1721, "Qwen3 4B": 4022, "Qwen3 8B": 8191 }; // biome-ignore format: a table
  for (const [name, count] of Object.entries(counts)) expect(Math.abs(millions(name) / count - 1)).toBeLessThan(0.001);
  const rows = serve.fittingTable();
  if (process.env.SHOW_TABLE)
    for (const { model, ...cells } of rows)
      console.log(model, ...serve.weightDTypes.map((d) => `${d} ${(cells[d].total / 2 ** 30).toFixed(2)} ${cells[d].fits} ${cells[d].processes}`)); // biome-ignore format: a line
  expect(rows.map(({ model }) => model)).toEqual(Object.keys(counts));
  const fits = (model: string) =>
    serve.weightDTypes.filter((dtype) => rows.find((row) => row.model === model)?.[dtype].fits);
  expect(fits("SmolLM2 135M")).toEqual(["f32", "bf16", "int8", "int4"]);
  expect(fits("Llama 3.1 8B")).toEqual([]);
  for (const row of rows) expect(row.int4.total).toBeLessThan(row.int8.total);
});
