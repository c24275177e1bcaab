/** What a server says of itself, and what to do when it says nothing. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { adviceOf, baseOf, listModels, ServerError, serverCodec } from "../../src/load/index.ts";
import { type Answer, type Came, fakeServer, ScriptedClock } from "./fake-server.ts";

let answer: (came: Came) => Answer = () => ({ status: 404, body: "{}" });
let server: Awaited<ReturnType<typeof fakeServer>>;
beforeAll(async () => {
  server = await fakeServer(new ScriptedClock(), (came) => answer(came));
});
afterAll(() => server.close());

describe("models", () => {
  it("are listed, with the length of their context where a server says it", async () => {
    answer = ({ authorization }) => ({
      body: JSON.stringify({ data: [{ id: "a", max_model_len: 64 }, { id: authorization }, 7] }),
    });
    expect(await listModels({ url: server.url, key: "k" })).toEqual([
      { id: "a", most: 64 },
      { id: "Bearer k", most: undefined },
    ]);
  });

  it.each([
    [200, '{"data":[]}', "lists no model. Is this a server of OpenAI's protocol?"],
    [200, "hello", "lists no model. Is this a server of OpenAI's protocol?"],
    [
      401,
      '{"error":{"message":"who are you"}}',
      "answered 401: who are you\nIt wants a key: --key, or OPENAI_API_KEY.",
    ],
    [404, "{}", "The model or the path is not there: see"],
    [500, '{"error":{"message":"oh"}}', "answered 500: oh"],
  ])("status %i with %s is refused", async (status, body, message) => {
    answer = () => ({ status, body });
    const failing = listModels({ url: server.url });
    await expect(failing).rejects.toThrow(message);
    await expect(failing).rejects.toBeInstanceOf(ServerError);
  });

  it("nobody listens", async () => {
    const gone = await fakeServer(new ScriptedClock(), () => ({}));
    await gone.close();
    await expect(listModels({ url: gone.url })).rejects.toThrow(
      `Nothing answers at ${gone.url} (ECONNREFUSED). Start a server there, or give its --url.`,
    );
  });
});

describe("advice", () => {
  const door = { url: "http://x" };
  it.each([
    [{ kind: "refused", status: 429, message: "full" }, "send fewer with --rate or --concurrency"],
    [{ kind: "refused", status: 400, message: "unknown field" }, "--plain"],
    [{ kind: "refused", status: 403, message: "no" }, "It wants a key"],
    [{ kind: "broken", message: "not a stream" }, "http://x answered with an error: not a stream"],
    [{ kind: "lost", message: "ECONNRESET" }, "The connection to http://x failed: ECONNRESET."],
  ] as const)("%j", (failure, said) => {
    expect(adviceOf(failure, door)).toContain(said);
  });

  it("a key that is not taken", () => {
    const said = adviceOf({ kind: "refused", status: 401, message: "wrong" }, { ...door, key: "k" });
    expect(said).toContain("It does not take this key.");
  });
});

describe("a tokenizer", () => {
  const ids = (text: string): number[] => [...text].map((each) => each.charCodeAt(0));
  it.each([
    ["vLLM's", "prompt"],
    ["llama.cpp's", "content"],
  ])("%s names", async (_, name) => {
    answer = ({ path, body }) => {
      const asked = body as Record<string, string> & { tokens: number[] };
      const reply =
        path === "/tokenize" ? { tokens: ids(asked[name]) } : { [name]: String.fromCharCode(...asked.tokens) };
      return { body: JSON.stringify(reply) };
    };
    const codec = await serverCodec({ url: server.url }, "m");
    expect(await codec?.encode("abc")).toEqual([97, 98, 99]);
    expect(await codec?.decode([100, 101])).toBe("de");
    answer = () => ({ status: 500, body: "{}" });
    await expect(codec?.encode("abc")).rejects.toThrow("/tokenize answered 500: {}");
  });

  it.each([
    [404, "{}"],
    [200, "hello"],
    [200, '{"tokens":["a"]}'],
    [200, '{"tokens":[1]}'],
  ])("status %i with %s: there is none", async (status, body) => {
    answer = () => ({ status, body });
    expect(await serverCodec({ url: server.url }, "m")).toBeUndefined();
  });
});

it("an address is taken with /v1 and without", () => {
  const all = ["http://h:1", "http://h:1/", "http://h:1/v1", "http://h:1/v1/"];
  expect(all.map(baseOf)).toEqual(Array(4).fill("http://h:1"));
  expect(baseOf("http://h/api/v1")).toBe("http://h/api");
});
