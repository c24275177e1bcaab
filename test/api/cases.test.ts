/** Other people's mistakes, over HTTP: what a client reads, byte by byte. */
import { connect } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { events, openScripted, type Piece, post, type ScriptedServer } from "./scripted.ts";

const pieces: Piece[] = [
  [0xc4],
  [0x8f, 0xc3, 0xa1],
  [0xe5, 0xae],
  [0xa2, 0xe5, 0x8d, 0x95],
  [0xe4, 0xbb, 0xb7],
  ...["DEF", "G", "HI", "J", "K", " Paris", "hello", "there", "Answer\n\n", "word ", "<tool_call>", "</tool_call>"],
  ...['{"name": "sum", ', '"arguments": {"a": 1}}'],
];
const messages = [{ role: "user", content: "Say it." }];
let server: ScriptedServer;
let chat: string;
let completions: string;

beforeAll(async () => {
  server = await openScripted({ pieces });
  chat = `${server.url}/v1/chat/completions`;
  completions = `${server.url}/v1/completions`;
});
afterAll(() => server.close());
beforeEach(() => server.say("word ", "word "));

interface Chunk {
  readonly choices: {
    readonly index: number;
    readonly delta: { readonly role?: string; readonly content?: string; readonly tool_calls?: Call[] };
    readonly logprobs: { readonly content: { readonly bytes: number[]; readonly top_logprobs: unknown[] }[] } | null;
    readonly finish_reason: string | null;
  }[];
  readonly usage?: {
    readonly prompt_tokens: number;
    readonly completion_tokens: number;
    readonly total_tokens: number;
  };
}
interface Call {
  readonly index: number;
  readonly id?: string;
  readonly type?: string;
  readonly function: { readonly name?: string; readonly arguments: string };
}

/** Contents of a stream's frames, and the rest of it. */
async function streamed(body: object) {
  const all = await events(chat, { messages, ...body });
  const chunks = all.filter((each): each is Chunk => each !== "[DONE]");
  const changes = chunks.flatMap(({ choices }) => choices);
  return {
    all,
    chunks,
    contents: changes.flatMap(({ delta }) => (delta.content === undefined || delta.role ? [] : [delta.content])),
    finish: changes.map(({ finish_reason: reason }) => reason).filter((reason) => reason !== null),
    done: all.at(-1) === "[DONE]",
  };
}

const whole = async (body: object) => (await post(chat, { messages, ...body })).body;

describe("1: characters that are split over tokens", () => {
  it.each([
    [
      [[0xc4], [0x8f, 0xc3, 0xa1], "b"],
      ["ďá", "b"],
    ],
    [
      [
        [0xe5, 0xae],
        [0xa2, 0xe5, 0x8d, 0x95],
        [0xe4, 0xbb, 0xb7],
      ],
      ["客单", "价"],
    ],
  ] as const)("%j comes as %j", async (said, wanted) => {
    server.say(...said);
    const { contents, done } = await streamed({});
    expect(contents).toEqual(wanted);
    expect(done).toBe(true);
    expect((await whole({})).choices[0].message.content).toBe(wanted.join(""));
  });

  it("cut inside a character: one U+FFFD at the end, in both forms", async () => {
    server.say("b", [0xe5, 0xae]);
    expect((await streamed({ max_tokens: 2 })).contents).toEqual(["b", "\uFFFD"]);
    expect((await whole({ max_tokens: 2 })).choices[0].message.content).toBe("b\uFFFD");
  });
});

describe("2 and 3: stop strings", () => {
  it.each([
    [["DEF", "G", "HI", "J", "K"], ["DEFGHIJ"], ""],
    [[" Paris"], ["Pari"], " "],
    [["hello"], ["lo", "ell"], "h"],
    [["there"], ["re", "he"], "t"],
    [["there"], ["he", "re"], "t"],
    [["Answer\n\n"], "\n", "Answer"],
  ] as const)("%j with %j is %j, and nothing after it", async (said, stop, wanted) => {
    server.say(...said);
    const { contents, finish } = await streamed({ stop });
    expect(contents.join("")).toBe(wanted);
    expect(finish).toEqual(["stop"]);
    const [{ message, finish_reason: reason }] = (await whole({ stop })).choices;
    expect([message.content, reason]).toEqual([wanted, "stop"]);
  });
});

describe("4: usage", () => {
  it("one token is one token; with include_usage in one frame without choices, else nowhere", async () => {
    const { chunks, all } = await streamed({ max_tokens: 1, stream_options: { include_usage: true } });
    const counted = chunks.filter(({ usage }) => usage);
    expect(counted).toHaveLength(1);
    expect(counted[0].choices).toEqual([]);
    expect(all.slice(-2)).toEqual([counted[0], "[DONE]"]);
    const { prompt_tokens, completion_tokens, total_tokens } = counted[0].usage as NonNullable<Chunk["usage"]>;
    expect([completion_tokens, total_tokens]).toEqual([1, prompt_tokens + 1]);
    for (const options of [{}, null, { include_usage: false }]) {
      const without = await streamed({ max_tokens: 1, stream_options: options });
      expect(without.chunks.some(({ usage }) => usage)).toBe(false);
    }
  });

  it("three choices: their prompt counts once, their tokens together; the token that ends one is a token", async () => {
    const one = (await whole({})).usage;
    const three = (await whole({ n: 3 })).usage;
    expect([one.completion_tokens, three.completion_tokens]).toEqual([3, 9]);
    expect(three.prompt_tokens).toBe(one.prompt_tokens);
  });
});

describe("6: log-probabilities", () => {
  it("their bytes are the text's, in a stream, too, whatever a stop string takes; every number is one that JSON has", async () => {
    server.say([0xc4], [0x8f, 0xc3, 0xa1], "hello", " Paris");
    for (const stop of [null, ["ris"], ["lo P"]]) {
      const asked = { logprobs: true, top_logprobs: 5, stop };
      const [{ message, logprobs }] = (await whole(asked)).choices;
      const bytes = logprobs.content.flatMap((each: { bytes: number[] }) => each.bytes);
      expect(Buffer.from(bytes).toString()).toBe(message.content);
      const { chunks } = await streamed(asked);
      const entries = chunks.flatMap(({ choices }) => choices.flatMap((each) => each.logprobs?.content ?? []));
      expect(entries).toEqual(logprobs.content);
      for (const { logprob } of logprobs.content) expect(Number.isFinite(logprob)).toBe(true);
    }
  });

  it("without top_logprobs each token has an empty list", async () => {
    const [{ logprobs }] = (await whole({ logprobs: true })).choices;
    for (const { top_logprobs: top } of logprobs.content) expect(top).toEqual([]);
  });
});

describe("7: prompts that are empty or wrong", () => {
  it.each([
    [{ prompt: "" }],
    [{ prompt: [] }],
    [{ prompt: [[]] }],
    [{ prompt: [-1] }],
    [{ prompt: [1e9] }],
    [{ prompt: [1.5] }],
    [{ prompt: ["good", ""] }],
    [{ prompt: [[5, 6], [1e7]] }],
    [{ prompt: null }],
    [{}],
  ])("%j is refused, whole, and the next request is answered", async (body) => {
    const { status, body: told } = await post(completions, { max_tokens: 2, ...body });
    expect(status).toBe(400);
    expect(told.error.type).toBe("invalid_request_error");
    expect(told.error.message).toMatch(/^[\w"].*\.$/);
    expect(told.error.param).toMatch(/^prompt/);
    expect(server.loop.open.size).toBe(0);
    expect((await post(completions, { prompt: "good", max_tokens: 1 })).status).toBe(200);
  });

  it("no messages are refused", async () => {
    expect((await post(chat, { messages: [] })).body.error.param).toBe("messages");
  });
});

it.each([
  [{ messages: [{ role: "user", content: 3 }] }, "messages.0.content", "messages.0.content: expected string or array."],
  [{ messages, stop: 5 }, "stop", "stop: expected string or array."],
  [{ messages, stop: ["a", ""] }, "stop.1", "stop.1: a stop string has at least one character."],
  [{ messages, temperature: "hot" }, "temperature", "temperature: Invalid input: expected number, received string."],
])("what is wrong with %j is said in a sentence", async (body, param, message) => {
  const { status, body: told } = await post(chat, body);
  expect([status, told.error.param, told.error.message]).toEqual([400, param, message]);
});

describe("11: clients that go away", () => {
  it.each([[true], [false]])("stream %s: nothing runs two steps later, and no page is held", async (stream) => {
    server.sayForever("word ");
    const gone = new AbortController();
    const asked = fetch(chat, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ messages, stream, max_tokens: 400 }),
      signal: gone.signal,
    });
    // At a pace at which one sees what happens.
    server.hold(() => new Promise((resolve) => setTimeout(resolve, 5)));
    while (server.engine.running.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    gone.abort();
    await asked.then((response) => response.text()).catch(() => {});
    const seen = new Promise<void>((resolve) => {
      const check = (): void => (server.loop.open.size === 0 ? resolve() : void setTimeout(check, 1));
      check();
    });
    await seen;
    server.hold(async () => {});
    server.engine.checkBooks();
    const { free, idle } = server.pool.counts();
    expect(free + idle).toBe(server.pool.pages);
  });
});

it("a request that takes too long is ended, and told so: 504, or an error in its stream; its pages are free", async () => {
  const own = await openScripted({ pieces, timeout: 60 });
  own.sayForever("word ");
  own.hold(() => new Promise((resolve) => setTimeout(resolve, 5)));
  const url = `${own.url}/v1/chat/completions`;
  const { status, headers, body } = await post(url, { messages, max_tokens: 400 });
  expect([status, headers.get("x-should-retry"), body.error.code]).toEqual([504, "false", "timeout"]);
  const all = await events(url, { messages, max_tokens: 400 });
  expect(all.slice(-2)).toEqual([{ error: expect.objectContaining({ code: "timeout" }) }, "[DONE]"]);
  const { free, idle } = own.pool.counts();
  expect([free + idle, own.loop.open.size, own.errors]).toEqual([own.pool.pages, 0, []]);
  await own.close();
});

describe("21 to 26: conversations", () => {
  it("21: what the template refuses is a 400 with its words", async () => {
    const { status, body } = await post(chat, { messages: [{ role: "system", content: "Be brief." }] });
    expect(status).toBe(400);
    expect(body.error.message).toContain("Roles are user and assistant, not system");
  });

  it("22: exactly one beginning, by a conversation and by its text", async () => {
    const own = await openScripted({ pieces, begins: true });
    own.say("word ");
    const count = async (path: string, body: object) =>
      (await post(`${own.url}${path}`, body)).body.usage.prompt_tokens;
    const talked = await count("/v1/chat/completions", { messages });
    expect(await count("/v1/completions", { prompt: "<|bos|><|user|>Say it.<|assistant|>" })).toBe(talked);
    expect(await count("/v1/completions", { prompt: "<|user|>Say it.<|assistant|>" })).toBe(talked);
    expect(await count("/v1/completions", { prompt: "" })).toBe(1);
    await own.close();
  });

  it("a user who writes special tokens writes text", async () => {
    const { body } = await post(`${server.url}/tokenize`, { prompt: "<|eos|>" });
    expect(body.tokens).toEqual([1]);
    const plain = (await whole({ messages: [{ role: "user", content: "x" }] })).usage.prompt_tokens;
    const tricky = (await whole({ messages: [{ role: "user", content: "<|eos|>" }] })).usage.prompt_tokens;
    expect(tricky).toBe(plain - 1 + "<|eos|>".length);
  });

  it("25: content that is null, or parts", async () => {
    const calls = [{ id: "c1", type: "function", function: { name: "sum", arguments: "{}" } }];
    const talk = [
      {
        role: "user",
        content: [
          { type: "text", text: "Say " },
          { type: "text", text: "it." },
        ],
      },
      { role: "assistant", content: null, tool_calls: calls },
      { role: "user", content: "Again." },
    ];
    expect((await post(chat, { messages: talk })).status).toBe(200);
    const image = [{ role: "user", content: [{ type: "image_url", image_url: { url: "x" } }] }];
    const { status, body } = await post(chat, { messages: image });
    expect([status, body.error.param.slice(0, 10)]).toEqual([400, "messages.0"]);
  });

  it("26: unknown fields count for nothing at every level, and null is as good as nothing", async () => {
    const fields = "stop seed n max_tokens tools temperature top_p logprobs top_logprobs stream user logit_bias".split(
      " ",
    );
    const nothing = Object.fromEntries([...fields, "response_format", "tool_choice"].map((name) => [name, null]));
    const odd = { ...nothing, whatever: { deep: [1] }, messages: [{ ...messages[0], odd: true, name: null }] };
    expect((await whole(odd)).choices[0].message.content).toBe("word word ");
  });
});

describe("23 and 24: calls of tools", () => {
  const template =
    "{{ bos_token }}{% for tool in tools %}{{ tool.function.name }}{% endfor %}{% for m in messages %}{{ m.content }}{% endfor %}<tool_call>";
  const tools = [{ type: "function", function: { name: "sum", parameters: { type: "object" } } }];
  let own: ScriptedServer;
  beforeAll(async () => {
    own = await openScripted({ pieces, template });
  });
  afterAll(() => own.close());
  const asked = { messages, tools };

  it("a call in a text: whole, and by index in a stream", async () => {
    own.say("word ", "<tool_call>", '{"name": "sum", ', '"arguments": {"a": 1}}', "</tool_call>");
    const url = `${own.url}/v1/chat/completions`;
    const [{ message, finish_reason: reason }] = (await post(url, asked)).body.choices;
    expect(reason).toBe("tool_calls");
    expect(message.content).toBe("word ");
    expect(message.tool_calls[0].function).toEqual({ name: "sum", arguments: '{"a":1}' });
    const chunks = (await events(url, asked)).filter((each): each is Chunk => each !== "[DONE]");
    const calls = chunks.flatMap(({ choices }) => choices.flatMap(({ delta }) => delta.tool_calls ?? []));
    expect(calls[0]).toEqual({ index: 0, id: calls[0].id, type: "function", function: { name: "sum", arguments: "" } });
    expect(
      calls
        .slice(1)
        .map((call) => call.function.arguments)
        .join(""),
    ).toBe('{"a":1}');
    expect(chunks.at(-1)?.choices[0].finish_reason).toBe("tool_calls");
  });

  it("no call: never tool_calls, and what looked like one is text", async () => {
    own.say("<tool_call>", "word ");
    const url = `${own.url}/v1/chat/completions`;
    const [{ message, finish_reason: reason }] = (await post(url, asked)).body.choices;
    expect([message.content, message.tool_calls, reason]).toEqual(["<tool_call>word ", undefined, "stop"]);
    const chunks = (await events(url, asked)).filter((each): each is Chunk => each !== "[DONE]");
    const contents = chunks.flatMap(({ choices }) => choices.map(({ delta }) => delta.content ?? ""));
    expect(contents.join("")).toBe("<tool_call>word ");
    expect(chunks.at(-1)?.choices[0].finish_reason).toBe("stop");
  });

  it("a call that must come cannot be promised, and is refused", async () => {
    const { status, body } = await post(chat, { ...asked, tool_choice: "required" });
    expect([status, body.error.param]).toEqual([400, "tool_choice"]);
  });
});

describe("29: a megabyte that arrives while another streams", () => {
  it.each([
    ["of words", "word ".repeat(200_000)],
    ["of one word", "a".repeat(1_000_000)],
  ])("%s is refused, and at no time did the other wait for more than a few slices", async (_, content) => {
    server.sayForever("word ");
    server.hold(() => new Promise((resolve) => setImmediate(resolve)));
    const other = streamed({ max_tokens: 400 });
    while (server.engine.running.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    const before = server.steps();
    const { status, body } = await post(chat, { messages: [{ role: "user", content }] });
    expect([status, body.error.code]).toEqual([400, "context_length_exceeded"]);
    expect(server.steps()).toBeGreaterThan(before);
    server.hold(async () => {});
    expect((await other).contents).toHaveLength(400);
  });
});

it("31: the role comes with the first token, not before it", async () => {
  let open = (): void => {};
  server.hold(() => new Promise((resolve) => void (open = resolve)));
  const { port } = new URL(server.url);
  const socket = connect(Number(port), "127.0.0.1");
  const body = JSON.stringify({ messages, stream: true });
  socket.write(
    `POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  );
  let text = "";
  socket.on("data", (data) => {
    text += data;
  });
  while (!text.includes("text/event-stream")) await new Promise((resolve) => setTimeout(resolve, 1));
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(text).not.toContain("assistant");
  server.hold(async () => {});
  open();
  while (!text.includes("[DONE]")) await new Promise((resolve) => setTimeout(resolve, 1));
  expect(text).toContain('"role":"assistant"');
  socket.destroy();
});
