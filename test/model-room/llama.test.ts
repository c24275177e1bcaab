/**
 * The models that ship, in llama.cpp: exported as GGUF in f32, they go on with the same words as here. Skipped where
 * it is not installed.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openModel, shipped } from "../../course/model-room/lib/open-model.ts";
import { writeGgufFile } from "../../src/files.ts";
import { chatSpecials, encodeChat, generate } from "../../src/models/index.ts";
import type { TensorDevice } from "../../src/tensor/index.ts";
import { closeDevices, makeTensorDevice } from "../helpers/device.ts";
import { askLlama, withoutLlama } from "../helpers/llama.ts";

const TOKENS = 200;
/** Where two logits lie as close as this, either may win by rounding. */
const TIE = 1e-4;

const prompts = [
  "Tell a story about Mia the fox, Ben the boy and a red ball.",
  "Tell a story about Leo the owl and Ruby the girl.",
  "steps 47+85=",
];

let device: TensorDevice;
const folder = mkdtempSync(join(tmpdir(), "worldsize-llama-"));
beforeAll(async () => {
  device = await makeTensorDevice(3);
});
afterAll(async () => {
  await closeDevices();
  rmSync(folder, { recursive: true });
});

describe.skipIf(withoutLlama)(`llama.cpp${withoutLlama ? `: ${withoutLlama}` : ""}`, () => {
  it.each(shipped)(`%s: the same ${TOKENS} tokens of three prompts`, { timeout: 120_000 }, async (name) => {
    const { model, tokenizer } = await openModel(device, name);
    using _ = { [Symbol.dispose]: () => model.dispose() };
    const file = join(folder, `${name}.gguf`);
    await writeGgufFile(file, model, tokenizer);
    for (const content of prompts) {
      const ids = encodeChat(tokenizer, [{ role: "user", content }], chatSpecials, { addGenerationPrompt: true });
      // No token ends it: what follows an end is as much the model's as what is before.
      const ours: number[] = [];
      for await (const { token } of generate(model, [ids], { temperature: 0, most: TOKENS })) ours.push(token);
      expect(ours).toHaveLength(TOKENS);
      const theirs = askLlama<[number, number][]>("greedy", file, [TOKENS, ...ids]);
      const apart = ours.findIndex((token, i) => token !== theirs[i][0]);
      if (apart < 0) continue;
      // From there on both go on from different words: only the place itself can be told of.
      const [, lead] = theirs[apart];
      console.log(`${name}, ${content}: other tokens from ${apart} on, where the lead is ${lead}`);
      expect([content, apart, lead < TIE]).toEqual([content, apart, true]);
    }
  });
});
