/** A model that is served with tiers below its pages: the same answers, from pages that were elsewhere meanwhile. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, expect, it } from "vitest";
import { type ServedFolder, type ServeFolderOptions, serveFolder } from "../../src/api/node/serve-folder.ts";
import { closeDevices, makeTensorDevice } from "../helpers/device.ts";
import { post } from "./scripted.ts";

const model = new URL("../../course/model-room/models/storyteller", import.meta.url).pathname;
let folder: string;
let served: ServedFolder | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "worldsize-tiers-"));
});
afterEach(async () => {
  await served?.close();
  served = undefined;
  rmSync(folder, { recursive: true, force: true });
});
afterAll(closeDevices);

/** Three prompts of six pages each, where there are pages for one and a half. */
const prompts = ["Mia", "Ben", "Tom"].map((name) => `Once there was ${name}. `.repeat(20));

async function start(options: Partial<ServeFolderOptions>): Promise<void> {
  const device = await makeTensorDevice(0, { stream: "inline" });
  served = await serveFolder(device, model, { port: 0, kvTokens: 160, maxSequences: 1, ...options });
}

async function ask(prompt: string): Promise<{ text: string; cached: number }> {
  const { body } = await post(`${served?.url}/v1/completions`, { prompt, max_tokens: 8, temperature: 0 });
  return { text: body.choices[0].text, cached: body.usage.prompt_tokens_details.cached_tokens };
}

async function askAll(): Promise<{ text: string; cached: number }[]> {
  const answers = [];
  for (const prompt of prompts) answers.push(await ask(prompt));
  return answers;
}
async function measure(name: string): Promise<number> {
  const metrics = await (await fetch(`${served?.url}/metrics`)).text();
  return Number(new RegExp(`worldsize:${name}\\{.*\\} (\\d+)`).exec(metrics)?.[1]);
}

/** Nobody waits for the disk: pages are there a little after they were given up. */
async function written(): Promise<void> {
  const files = (): number => readdirSync(folder).filter((name) => name.endsWith(".bin")).length;
  const saved = await measure("kv_pages_saved_total");
  while (files() < saved) await new Promise((resolve) => setTimeout(resolve, 5));
}
const texts = (answers: readonly { text: string }[]): string[] => answers.map(({ text }) => text);

it.each([
  ["host memory", { hostCache: 2 ** 24 }, () => ({})],
  ["files", {}, (at: string) => ({ diskCache: at })],
  ["host memory with room for nothing, and files below it", { hostCache: 1 }, (at: string) => ({ diskCache: at })],
] as const)("%s: what was evicted comes back, and says the same", { timeout: 60_000 }, async (_, options, more) => {
  await start({ ...options, ...more(folder) });
  const first = await askAll();
  const again = [];
  for (const prompt of prompts) {
    if ("diskCache" in more(folder)) await written();
    again.push(await ask(prompt));
  }
  expect(texts(again)).toEqual(texts(first));
  expect(first.map(({ cached }) => cached)).toEqual([0, 0, 0]);
  for (const { cached } of again) expect(cached).toBeGreaterThan(64);
  expect(await measure("kv_pages_loaded_total")).toBeGreaterThan(12);
});

it("without tiers it is run again", { timeout: 60_000 }, async () => {
  await start({});
  await askAll();
  for (const { cached } of await askAll()) expect(cached).toBe(0);
});

it("files outlive the server, and are worth nothing to another form of keys and values", {
  timeout: 60_000,
}, async () => {
  await start({ diskCache: folder });
  const first = await askAll();
  await served?.close();
  await start({ diskCache: folder });
  const [mia] = await askAll();
  expect(mia.text).toBe(first[0].text);
  expect(mia.cached).toBeGreaterThan(64);
  await served?.close();
  await start({ diskCache: folder, kvDType: "bf16" });
  expect((await ask(prompts[0])).cached).toBe(0);
});

it("a vector that is being made when the server is closed is waited for: the model's memory is freed behind it", {
  timeout: 60_000,
}, async () => {
  const device = await makeTensorDevice(0, { stream: "threaded" });
  served = await serveFolder(device, model, { port: 0, kvTokens: 2048 });
  const order: string[] = [];
  const tokens = Array.from({ length: 1000 }, (_, i) => i);
  const vector = served.service.model.embed?.(tokens).finally(() => order.push("vector"));
  await served.close({ abort: true });
  order.push("closed");
  served = undefined;
  await vector;
  expect(order).toEqual(["vector", "closed"]);
});

it("a folder with files of somebody else keeps them", { timeout: 60_000 }, async () => {
  writeFileSync(join(folder, "manifest.json"), "mine");
  await start({ diskCache: folder });
  await askAll();
  await served?.close();
  served = undefined;
  expect(readFileSync(join(folder, "manifest.json"), "utf8")).toBe("mine");
  expect(readdirSync(folder).filter((name) => name.endsWith(".bin")).length).toBeGreaterThan(9);
});
