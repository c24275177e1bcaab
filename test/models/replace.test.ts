/** A model is written in place of a model, never of anything else. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { checkCheckpoints, checkModelFolder, readModelFolder, writeModel } from "../../src/files.ts";
import { Decoder } from "../../src/models/index.ts";
import type { TensorDevice } from "../../src/tensor/index.ts";
import { closeDevices, makeTensorDevice } from "../helpers/device.ts";
import { forms } from "../helpers/llama.ts";

let device: TensorDevice;
const folder = mkdtempSync(join(tmpdir(), "worldsize-replace-"));
beforeAll(async () => {
  device = await makeTensorDevice(3);
});
afterAll(async () => {
  await closeDevices();
  rmSync(folder, { recursive: true });
});

it("replaces a model, in one file and in several, and what goes with it", async () => {
  const model = new Decoder(device, forms.llama);
  const place = join(folder, "model");
  const files = { "tokenizer.json": "{}" };
  await writeModel(place, model, { shardBytes: 50_000, files });
  expect(readdirSync(place).length).toBeGreaterThan(4);
  await writeModel(place, model, { files });
  expect(readdirSync(place).sort()).toEqual(["config.json", "model.safetensors", "tokenizer.json"]);
  await expect(writeModel(place, model)).rejects.toThrow(
    `${place} also holds tokenizer.json, which would be lost. Choose a new folder, or an empty one.`,
  );
});

it("leaves a folder with anything else as it is, and a file", async () => {
  const model = new Decoder(device, forms.llama);
  const notes = join(folder, "notes");
  mkdirSync(join(notes, "drafts"), { recursive: true });
  await expect(writeModel(notes, model)).rejects.toThrow("also holds drafts, which would be lost");
  await expect(checkModelFolder(notes)).rejects.toThrow("also holds drafts");
  expect(readdirSync(notes)).toEqual(["drafts"]);
  const file = join(folder, "file");
  writeFileSync(file, "mine");
  await expect(writeModel(file, model)).rejects.toThrow(`${file} is a file, and a folder was to be written.`);
  mkdirSync(join(folder, "empty"));
  await writeModel(join(folder, "empty"), model);
});

it("says what a folder lacks that is no model's", async () => {
  const nothing = join(folder, "nothing");
  await expect(readModelFolder(device, nothing)).rejects.toThrow(
    `${nothing} holds no tokenizer.json. Give the folder of a model: with config.json, model.safetensors and tokenizer.json.`,
  );
});

it("says before a training that its checkpoints could not be written", () => {
  const file = join(folder, "taken");
  writeFileSync(file, "mine");
  expect(() => checkCheckpoints(join(file, "run"))).toThrow(
    /^Checkpoints cannot be written to .*: E.*\. Choose another folder\.$/,
  );
  checkCheckpoints(join(folder, "fresh", "run"));
});
