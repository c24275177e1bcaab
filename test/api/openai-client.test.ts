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

describe("how tokens are drawn", () => {
  const messages = [{ role: "user" as const, content: "Tell a story about Mia." }];
  const drawn = { model: "storyteller", messages, temperature: 1, max_tokens: 12 };
  const textsOf = async (more: object): Promise<(string | null)[]> => {
    const { choices } = await client.chat.completions.create({ ...drawn, ...more, stream: false });
    return choices.map(({ message }) => message.content);
  };

  it("a seed gives the same again, in a stream, too, and other seeds give others; n choices of one seed differ", async () => {
    const [once] = await textsOf({ seed: 7 });
    expect(await textsOf({ seed: 7 })).toEqual([once]);
    let text = "";
    const stream = await client.chat.completions.create({ ...drawn, seed: 7, stream: true });
    for await (const { choices } of stream) text += choices[0]?.delta.content ?? "";
    expect(text).toBe(once);
    const others = new Set<string | null>();
    for (let seed = 0; seed < 6; seed++) for (const each of await textsOf({ seed })) others.add(each);
    expect(others.size).toBeGreaterThan(1);
    const several = await textsOf({ seed: 7, n: 4 });
    expect(new Set(several).size).toBeGreaterThan(1);
    expect(await textsOf({ seed: 7, n: 4 })).toEqual(several);
  });

  it("a bias of -100 takes a token away, and one of 100 makes it come", async () => {
    const plain = { ...drawn, temperature: 0, max_tokens: 1, logprobs: true, top_logprobs: 2 };
    const first = async (bias: Record<string, number>) => {
      const { choices } = await client.chat.completions.create({ ...plain, logit_bias: bias });
      return choices[0].logprobs?.content?.[0];
    };
    const before = await first({});
    const [best, second] = before?.top_logprobs ?? [];
    expect(best.token).toBe(before?.token);
    const idOf = async (prompt: string): Promise<string> => {
      const response = await fetch(`${served.url}/tokenize`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ prompt }),
      });
      const { tokens } = (await response.json()) as { tokens: number[] };
      expect(tokens).toHaveLength(1);
      return String(tokens[0]);
    };
    expect((await first({ [await idOf(best.token)]: -100 }))?.token).toBe(second.token);
    const [word] = await textsOf({ max_tokens: 3, logit_bias: { [await idOf(" fox")]: 100 } });
    expect(word).toBe(" fox fox fox");
  });
});

describe("completions", () => {
  const prompt = "Once there was a kind fox named Mia. She lived by the river.";

  it("a prompt that is scored comes back with a number for each token but the first, twice the same (case 5)", async () => {
    const ask = () =>
      client.completions.create({ model: "storyteller", prompt, max_tokens: 0, echo: true, logprobs: 1 });
    const [first, second] = [await ask(), await ask()];
    const [choice] = first.choices;
    expect(choice.text).toBe(prompt);
    expect(choice.finish_reason).toBe("length");
    expect(first.usage?.completion_tokens).toBe(0);
    const { tokens = [], token_logprobs = [], top_logprobs = [], text_offset = [] } = choice.logprobs ?? {};
    const count = first.usage?.prompt_tokens ?? 0;
    expect([tokens, token_logprobs, top_logprobs, text_offset].map(({ length }) => length)).toEqual(
      Array(4).fill(count),
    );
    expect(tokens.join("")).toBe(prompt);
    expect(token_logprobs[0]).toBeNull();
    for (const value of token_logprobs.slice(1)) expect(value).toBeLessThan(0);
    expect(text_offset).toEqual(tokens.map((_, i) => tokens.slice(0, i).join("").length));
    expect(second.choices).toEqual(first.choices);
    // What is scored in a prompt is what is told of a token that is drawn.
    const [drawn] = (
      await client.completions.create({ model: "storyteller", prompt, max_tokens: 4, temperature: 0, logprobs: 1 })
    ).choices;
    const longer = await client.completions.create({
      ...{ model: "storyteller", max_tokens: 0, echo: true, logprobs: 1 },
      prompt: prompt + drawn.text,
    });
    const told = longer.choices[0].logprobs?.token_logprobs?.slice(count) ?? [];
    for (const [i, value] of (drawn.logprobs?.token_logprobs ?? []).entries()) expect(told[i]).toBeCloseTo(value, 4);
  });

  it("an echoed prompt stands before its answer, in a stream, too", async () => {
    const asked = { model: "storyteller", prompt: [prompt, "Ben"], max_tokens: 3, temperature: 0, echo: true } as const;
    const whole = await client.completions.create({ ...asked, prompt: [...asked.prompt] });
    const texts = ["", ""];
    const stream = await client.completions.create({ ...asked, prompt: [...asked.prompt], stream: true });
    for await (const { choices } of stream) for (const { index, text } of choices) texts[index] += text;
    expect(whole.choices.map(({ text }) => text)).toEqual(texts);
    expect(texts[0].startsWith(prompt) && texts[1].startsWith("Ben")).toBe(true);
  });
});

describe("embeddings", () => {
  it("vectors of length 1, as numbers and in base 64, nearer for texts that are alike", async () => {
    const input = ["Mia the fox found a red ball.", "Mia the fox found a blue ball.", "one two three four five six"];
    const { data, usage } = await client.embeddings.create({ model: "storyteller", input });
    const plain = await client.embeddings.create({ model: "storyteller", input, encoding_format: "float" });
    expect(data.map(({ embedding }) => embedding.length)).toEqual([128, 128, 128]);
    for (const [i, { embedding }] of data.entries())
      expect([...Float32Array.from(plain.data[i].embedding)]).toEqual([...Float32Array.from(embedding)]);
    const dot = (a: number, b: number): number =>
      data[a].embedding.reduce((sum, value, i) => sum + value * data[b].embedding[i], 0);
    expect(dot(0, 0)).toBeCloseTo(1, 5);
    expect(dot(0, 1)).toBeGreaterThan(dot(0, 2));
    expect(usage.total_tokens).toBe(usage.prompt_tokens);
  });
});
