/** The official client against a running server. */
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ServedFolder, serveFolder } from "../../src/api/node/serve-folder.ts";
import { closeDevices, makeTensorDevice } from "../helpers/device.ts";

const folder = new URL("../../course/model-room/models/storyteller", import.meta.url).pathname;
let served: ServedFolder;
let client: OpenAI;

beforeAll(async () => {
  const device = await makeTensorDevice(0, { stream: "threaded" });
  served = await serveFolder(device, folder, { port: 0, kvTokens: 8192 });
  client = new OpenAI({ baseURL: `${served.url}/v1`, apiKey: "any" });
});
afterAll(async () => {
  await served.close();
  await closeDevices();
});

describe("chat completions", () => {
  const messages = [{ role: "user" as const, content: "Tell a story about Mia the fox, Ben the boy and a red ball." }];
  const plain = { model: "storyteller", messages, temperature: 0, max_tokens: 40 };

  it("whole, and in a stream: the same text and the same usage", async () => {
    const whole = await client.chat.completions.create(plain);
    const stream = await client.chat.completions.create({
      ...plain,
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = "";
    let usage: unknown;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? "";
      if (chunk.usage) usage = chunk.usage;
    }
    expect(text).toBe(whole.choices[0].message.content);
    expect(usage).toMatchObject({ completion_tokens: 40 });
  });
});
