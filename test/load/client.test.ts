/** One request: what is sent, and what is stamped when, over real HTTP on a virtual clock. */
import { afterEach, describe, expect, it } from "vitest";
import { bodyOf, type Outcome, send, type Target, timesOf } from "../../src/load/index.ts";
import { type Answer, delta, fakeServer, frame, ScriptedClock, type Step, text } from "./fake-server.ts";

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** Sends one request to a server that answers so. */
async function sent(answer: Answer, more: Partial<Target> = {}, signal?: AbortSignal): Promise<Outcome> {
  const clock = new ScriptedClock();
  clock.set(10);
  const { url, close } = await fakeServer(clock, () => answer);
  closing.push(close);
  return send({ url, api: "completions", model: "m", ...more }, { prompt: [1, 2], output: 3 }, clock, signal);
}

const stream = (...steps: readonly Step[]): Promise<Outcome> => sent({ steps: [...steps, [9999, "END"]] });
const usage = (output: number, cached = 0) => ({
  usage: { prompt_tokens: 2, completion_tokens: output, prompt_tokens_details: { cached_tokens: cached } },
});
const done = "data: [DONE]\n\n";

describe("what is sent", () => {
  it("token ids to completions, with the fields that servers know besides OpenAI's", () => {
    expect(bodyOf({ url: "", api: "completions", model: "m" }, { prompt: [1, 2], output: 3, seed: 4 })).toEqual({
      model: "m",
      prompt: [1, 2],
      max_tokens: 3,
      temperature: 0,
      seed: 4,
      stream: true,
      stream_options: { include_usage: true, continuous_usage_stats: true },
      ignore_eos: true,
    });
  });

  it("text to the chat; OpenAI's fields only, if asked for; further ones, if given", () => {
    const target = { url: "", api: "chat", model: "m", plain: true, extra: { top_p: 0.5 } } as const;
    expect(bodyOf(target, { prompt: "Hi", output: 3 })).toEqual({
      model: "m",
      messages: [{ role: "user", content: "Hi" }],
      max_completion_tokens: 3,
      temperature: 0,
      seed: undefined,
      stream: true,
      stream_options: { include_usage: true },
      top_p: 0.5,
    });
    expect(() => bodyOf(target, { prompt: [1], output: 3 })).toThrow("A chat takes text, not token ids.");
  });

  it("goes to the right path, with the key", async () => {
    const clock = new ScriptedClock();
    const { url, came, close } = await fakeServer(clock, () => ({
      steps: [
        [1, `${text("a")}${done}`],
        [2, "END"],
      ],
    }));
    closing.push(close);
    await send({ url, api: "completions", model: "m" }, { prompt: "x", output: 1 }, clock);
    await send({ url, api: "chat", model: "m", key: "k" }, { prompt: "x", output: 1 }, clock);
    expect(came.map(({ path, authorization }) => [path, authorization])).toEqual([
      ["/v1/completions", undefined],
      ["/v1/chat/completions", "Bearer k"],
    ]);
  });
});

describe("what is stamped", () => {
  it("three tokens, a usage frame, the end", async () => {
    const outcome = await stream(
      [110, text("a")],
      [130, text("b")],
      [160, text("c", {}, { finish_reason: "length" })],
      [200, frame({ choices: [], ...usage(3, 1) })],
      [210, done],
    );
    expect(outcome).toEqual({
      start: 10,
      firstFrame: 110,
      stamps: [
        { at: 110, tokens: undefined, content: true },
        { at: 130, tokens: undefined, content: true },
        { at: 160, tokens: undefined, content: true },
      ],
      end: 9999,
      text: "abc",
      usage: { input: 2, output: 3, cached: 1 },
      finish: "length",
      failure: undefined,
    });
    // (160 − 110) / (3 − 1); the usage frame and the end come later and do not count.
    expect(timesOf(outcome)).toEqual({
      ttft: 100,
      firstFrame: 100,
      e2el: 150,
      tpot: 25,
      itl: [20, 30],
      icl: [20, 30],
      outputTokens: 3,
    });
  });

  it("a frame with the role alone is the first frame, and not the first token", async () => {
    const outcome = await stream(
      [20, delta({ role: "assistant", content: "" })],
      [310, delta({ content: "a" })],
      [350, delta({ content: "b" }, {}, { finish_reason: "stop" })],
      [351, done],
    );
    expect(timesOf(outcome)).toMatchObject({ firstFrame: 10, ttft: 300, e2el: 340, icl: [40] });
  });

  it("comments and an empty last frame are no tokens", async () => {
    const outcome = await stream(
      [50, ": waiting\n\n"],
      [60, text("a")],
      [70, ": ping\n\n"],
      [80, text("b")],
      [90, text("", {}, { finish_reason: "stop" })],
      [95, done],
    );
    expect(timesOf(outcome)).toMatchObject({ ttft: 50, e2el: 70, icl: [20], outputTokens: 2 });
    expect(outcome.finish).toBe("stop");
  });

  it("several tokens in a frame: its gap is shared among them, where the server counts", async () => {
    const outcome = await stream(
      [40, text("a", usage(1))],
      [100, text("bcd", usage(4))],
      [110, text("e", usage(5), { finish_reason: "length" })],
      [111, frame({ choices: [], ...usage(5) })],
      [112, done],
    );
    expect(outcome.stamps.map(({ tokens }) => tokens)).toEqual([1, 3, 1]);
    expect(timesOf(outcome)).toMatchObject({ itl: [20, 20, 20, 10], icl: [60, 10], tpot: 70 / 4, outputTokens: 5 });
  });

  it("ids and log-probabilities tell how many tokens a frame has, too", async () => {
    const ids = await stream(
      [1, text("a", {}, { token_ids: [5] })],
      [2, text("bc", {}, { token_ids: [6, 7] })],
      [3, done],
    );
    expect(ids.stamps.map(({ tokens }) => tokens)).toEqual([1, 2]);
    const logprobs = await stream([1, text("ab", {}, { logprobs: { tokens: ["a", "b"] } })], [3, done]);
    expect(logprobs.stamps.map(({ tokens }) => tokens)).toEqual([2]);
    const chat = await stream([1, delta({ content: "ab" }, {}, { logprobs: { content: [{}, {}, {}] } })], [3, done]);
    expect(chat.stamps.map(({ tokens }) => tokens)).toEqual([3]);
    expect(timesOf(chat)?.outputTokens).toBe(3);
  });

  it("a part of a character is a token without content; what was held back comes with no new token", async () => {
    const outcome = await stream(
      [20, text("", usage(1))],
      [40, text("é", usage(2))],
      [70, text("", usage(3))],
      [80, text("!?", usage(3), { finish_reason: "length" })],
      [81, done],
    );
    expect(outcome.stamps).toEqual([
      { at: 20, tokens: 1, content: false },
      { at: 40, tokens: 1, content: true },
      { at: 70, tokens: 1, content: false },
      { at: 80, tokens: 0, content: true },
    ]);
    expect(timesOf(outcome)).toMatchObject({ firstFrame: 10, ttft: 30, e2el: 70, itl: [30], icl: [30, 10], tpot: 20 });
  });

  it("an answer without anything to read is measured by its tokens", async () => {
    const outcome = await stream(
      [30, text("", usage(1))],
      [50, text("", usage(2), { finish_reason: "length" })],
      [51, done],
    );
    expect(timesOf(outcome)).toMatchObject({ ttft: 20, e2el: 40, itl: [20] });
  });

  it("characters and frames that are cut anywhere", async () => {
    const bytes = new TextEncoder().encode(`${text("é")}${text("ü")}`);
    const outcome = await stream(...Array.from(bytes, (_, i): Step => [20 + i, bytes.subarray(i, i + 1)]), [
      500,
      text("", {}, { finish_reason: "stop" }),
    ]);
    expect(outcome.text).toBe("éü");
    const half = 20 + bytes.length / 2;
    expect(outcome.stamps.map(({ at }) => at)).toEqual([half - 1, 20 + bytes.length - 1]);
    expect(outcome.failure).toBeUndefined();
  });

  it("thoughts are content", async () => {
    const outcome = await stream([1, delta({ reasoning_content: "hm" })], [2, delta({ content: "a" })], [3, done]);
    expect([outcome.text, outcome.stamps.length]).toEqual(["hma", 2]);
  });

  it("what comes after the end is not read", async () => {
    const outcome = await stream([1, text("a")], [2, done], [3, text("b")]);
    expect(outcome).toMatchObject({ text: "a", failure: undefined });
  });
});

describe("what goes wrong", () => {
  it("an error frame", async () => {
    const outcome = await stream(
      [5, text("a")],
      [6, frame({ error: { message: "out of pages", type: "server_error" } })],
    );
    expect(outcome).toMatchObject({ text: "a", failure: { kind: "broken", message: "out of pages" } });
  });

  it("a connection that is cut", async () => {
    const outcome = await sent({
      steps: [
        [5, text("a")],
        [6, "CUT"],
      ],
    });
    expect(outcome.failure?.kind).toBe("lost");
    expect(outcome.stamps).toHaveLength(1);
  });

  it("an answer that ends too soon", async () => {
    const outcome = await stream([5, text("a")]);
    expect(outcome.failure).toEqual({ kind: "lost", message: "the connection ended before the answer did" });
  });

  it("what is not JSON, and what is not a stream", async () => {
    const broken = await stream([5, "data: {oops\n\n"]);
    expect(broken.failure).toEqual({ kind: "broken", message: "A frame of the answer is not a JSON object: {oops" });
    const whole = await sent({ body: '{"choices":[]}' });
    const message = "the answer is not a stream of events: its content-type is application/json";
    expect(whole.failure).toEqual({ kind: "broken", message });
  });

  it.each([
    [429, '{"error":{"message":"the queue is full"}}', "the queue is full"],
    [404, '{"object":"error","message":"no such model"}', "no such model"],
    [422, '{"detail":"wrong"}', "wrong"],
    [500, '{"error":"bad"}', "bad"],
    [502, "<html>", "<html>"],
    [503, "", "Service Unavailable"],
  ])("status %i", async (status, body, message) => {
    expect((await sent({ status, body })).failure).toEqual({ kind: "refused", status, message });
  });

  it("nobody listens", async () => {
    const clock = new ScriptedClock();
    const { url, close } = await fakeServer(clock, () => ({}));
    await close();
    const outcome = await send({ url, api: "completions", model: "m" }, { prompt: "x", output: 1 }, clock);
    expect(outcome.failure).toEqual({ kind: "lost", message: "ECONNREFUSED" });
  });

  it("we stop it", async () => {
    const stop = new AbortController();
    const pending = sent(
      {
        steps: [
          [5, text("a")],
          [6, ": ping\n\n"],
        ],
      },
      {},
      stop.signal,
    );
    setTimeout(() => stop.abort(), 50);
    expect((await pending).failure).toEqual({ kind: "stopped", message: "stopped by us" });
  });

  it("an answer that goes on may take longer than the limit", async () => {
    const pings = Array.from({ length: 8 }, (_, i): Step => [5 + i, ": ping\n\n"]);
    const end: Step[] = [
      [20, `${text("a")}${done}`],
      [21, "END"],
    ];
    const outcome = await sent({ steps: [...pings, ...end], pause: 150 }, { silence: 1000 });
    expect(outcome).toMatchObject({ text: "a", failure: undefined });
  });

  it("silence ends it, where a limit was set", async () => {
    const outcome = await sent({ steps: [[5, text("a")]] }, { silence: 40 });
    expect(outcome).toMatchObject({ text: "a", failure: { kind: "lost", message: "nothing came for 0.04 s" } });
  });
});
