/**
 * Requests that nobody would send, thousands of them: the server answers each with what HTTP and OpenAI's protocol have for
 * it, and afterwards it is as it was: nothing runs, every page is free or idle, and memory has not grown.
 */
import { get } from "node:http";
import { connect } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, beforeAll, expect, it } from "vitest";
import { mulberry32 } from "../../src/platform/random.ts";
import { isLong } from "../helpers/long.ts";
import { openScripted, post, type ScriptedServer } from "./scripted.ts";

const REQUESTS = isLong ? 100_000 : 2000;
/** Connections at a time. */
const LANES = 16;
/** Other requests that are answered, one behind the other, before one without an answer is left alone. */
const OTHERS = 5;

let server: ScriptedServer;
beforeAll(async () => {
  server = await openScripted({ pieces: ["word "], pages: 64, bodyLimit: 2 ** 18, maxSequences: 8, maxWaiting: 64 });
  server.sayForever("word ");
});
afterAll(() => server.close());

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Draws of one request. */
class Dice {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = mulberry32(seed);
  }

  below(n: number): number {
    return Math.floor(this.#random() * n);
  }

  of<T>(all: readonly T[]): T {
    return all[this.below(all.length)];
  }
}

const deep = (depth: number): unknown => JSON.parse(`${"[".repeat(depth)}${"]".repeat(depth)}`);
const nasty: readonly (() => unknown)[] = [
  ...[null, true, false, 0, -1, 1, 0.5, -0.0, 1e308, -1e308, 2 ** 31, 2 ** 53, 9e15, 1e-300].map(
    (value) => () => value,
  ),
  ...["", "a", "\u0000", "é客😀", "\ud800", "__proto__", "<|eos|>", "<|user|>", "\r\nset-cookie: a=b"].map(
    (text) => () => text,
  ),
  // Each time a new one: a body that is changed in a second place would else change those to come.
  ...[[], {}, [[]], [null], [-1], [1e9], [0, 1, 2], ["a", 1], { a: { b: 1 } }, { constructor: 1 }].map(
    (value) => () => structuredClone(value),
  ),
  () => "x".repeat(5000),
  () => Array(2000).fill(1),
  () => deep(500),
  () => JSON.parse('{"__proto__": {"n": 5}}'),
];
const messages = [{ role: "user", content: "Say it." }];
const bodies: Readonly<Record<string, object>> = {
  "/v1/chat/completions": {
    ...{ model: "script", messages, n: 1, max_tokens: 3, temperature: 1, top_p: 1, top_k: 5, seed: 1, stop: ["x"] },
    ...{ stream: false, logprobs: true, top_logprobs: 2, logit_bias: { "5": 1 }, presence_penalty: 0.5, min_p: 0.1 },
    ...{ stream_options: { include_usage: true }, tools: [], tool_choice: "auto", response_format: { type: "text" } },
    ...{ frequency_penalty: 0.1, repetition_penalty: 1.1, min_tokens: 1, stop_token_ids: [7], priority: 1 },
  },
  "/v1/completions": {
    model: "script",
    prompt: "Say it.",
    max_tokens: 2,
    echo: true,
    logprobs: 1,
    suffix: null,
    n: 2,
    best_of: 2,
  },
  "/v1/responses": { model: "script", input: "Say it.", instructions: null, max_output_tokens: 3, stream: false },
  "/v1/embeddings": { model: "script", input: ["a", "b"], encoding_format: "float" },
  "/tokenize": { prompt: "Say it." },
  "/detokenize": { tokens: [5, 6, 7] },
};

/** A body with one to three of its values, wherever they are, replaced, or taken away. */
function mutated(body: object, dice: Dice): object {
  const copy = structuredClone(body) as Record<string, unknown>;
  for (let times = 1 + dice.below(3); times > 0; times--) {
    let at = copy as Record<string, unknown>;
    for (;;) {
      const keys = Object.keys(at);
      if (keys.length === 0) break;
      const key = dice.of(keys);
      const value = at[key];
      if (typeof value === "object" && value !== null && dice.below(2) === 0) {
        at = value as Record<string, unknown>;
        continue;
      }
      if (dice.below(8) === 0) delete at[key];
      else at[key] = dice.of(nasty)();
      break;
    }
  }
  if (dice.below(3) === 0) copy.stream = dice.below(2) === 0;
  return copy;
}

/** Bytes of a text that are no JSON any more, or no UTF-8. */
function broken(text: string, dice: Dice): Buffer {
  const bytes = Buffer.from(text);
  for (let times = 1 + dice.below(4); times > 0; times--) bytes[dice.below(bytes.length)] = dice.below(256);
  return dice.below(2) === 0 ? bytes : bytes.subarray(0, dice.below(bytes.length));
}

interface Sent {
  /** What is written, with pauses between. */
  readonly parts: readonly Buffer[];
  /** Whether the connection is cut behind the last part, or a little later. */
  readonly cut: boolean;
  /** Answers that are waited for. */
  readonly answers: number;
}

function requestOf(dice: Dice): Sent {
  const path = dice.of(Object.keys(bodies));
  const text = JSON.stringify(dice.below(5) === 0 ? dice.of(nasty)() : mutated(bodies[path], dice));
  const body = dice.below(6) === 0 ? broken(text, dice) : Buffer.from(text);
  const method = dice.below(12) === 0 ? dice.of(["GET", "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH", "BREW"]) : "POST";
  const target =
    dice.below(12) === 0
      ? dice.of(["/", "/v1", "/v1/models/a%2e%2e%2fb", "/../../etc/passwd", "/live?x=%00", "*"])
      : path;
  const type =
    dice.below(10) === 0
      ? dice.of(["text/plain", "application/json; charset=utf-16", "", "multipart/form-data"])
      : "application/json";
  const host =
    dice.below(15) === 0 ? dice.of(["evil.example", "", "localhost:1", "127.0.0.1.evil.example"]) : "localhost";
  const more =
    dice.below(10) === 0
      ? dice.of([
          "origin: http://evil.example\r\n",
          "authorization: Bearer x\r\n",
          `x: ${"y".repeat(9000)}\r\n`,
          "transfer-encoding: chunked\r\n",
          "expect: 100-continue\r\n",
          "content-encoding: gzip\r\n",
        ])
      : "";
  const length = dice.below(12) === 0 ? dice.of([0, 1, body.length + 10, -5, 1e15, "x"]) : body.length;
  const head = `${method} ${target} HTTP/1.1\r\nhost: ${host}\r\n${type ? `content-type: ${type}\r\n` : ""}${more}content-length: ${length}\r\n\r\n`;
  const whole = Buffer.concat([Buffer.from(head), body]);
  switch (dice.below(8)) {
    case 0: // half sent
      return { parts: [whole.subarray(0, dice.below(whole.length))], cut: true, answers: 0 };
    case 1: // in pieces
      return {
        parts: [whole.subarray(0, 20), whole.subarray(20, 60), whole.subarray(60)],
        cut: dice.below(2) === 0,
        answers: 1,
      };
    case 2: // several at once
      return { parts: [Buffer.concat([whole, whole, whole])], cut: false, answers: 1 };
    case 3: // cut while it is answered
      return { parts: [whole], cut: true, answers: 1 };
    default:
      return { parts: [whole], cut: false, answers: 1 };
  }
}

/** @returns what came back, until an answer was there, the connection ended, or a while has passed. */
async function send({ parts, cut, answers }: Sent): Promise<string> {
  const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
  let text = "";
  let wake = (): void => {};
  let ended = false;
  socket.on("data", (data) => {
    text += data.toString("latin1");
    wake();
  });
  socket.on("error", () => {});
  socket.on("close", () => {
    ended = true;
    wake();
  });
  for (const part of parts) {
    socket.write(part);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const isDone = (): boolean => ended || answers === 0 || /\r\n\r\n(\{[\s\S]*\}|[\s\S]*\[DONE\])/.test(text);
  if (cut) await new Promise((resolve) => setTimeout(resolve, text.length % 3));
  else {
    // What waits for bytes that never come, or has none to say, is left alone when others were answered meanwhile.
    for (let others = 0; !isDone() && others < OTHERS; others++) {
      const answered = another();
      while (!isDone()) {
        const woken = new Promise<"woken">((resolve) => {
          wake = () => resolve("woken");
        });
        if ((await Promise.race([answered, woken])) !== "woken") break;
      }
      await answered;
    }
  }
  socket.destroy();
  return text;
}

/** Another request on a connection of its own, which comes behind those that are there. */
function another(): Promise<void> {
  return new Promise((resolve, reject) => {
    const asked = get(`${server.url}/health`, { agent: false }, (response) => response.resume().on("end", resolve));
    asked.on("error", reject);
  });
}

async function fuzz(from: number, to: number, faults: string[]): Promise<Map<string, number>> {
  const statuses = new Map<string, number>();
  let next = from;
  const lane = async (): Promise<void> => {
    while (next < to) {
      const seed = next++;
      const text = await send(requestOf(new Dice(seed)));
      for (const [, status] of text.matchAll(/^HTTP\/1\.1 (\d+) /gm)) {
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        if (Number(status) >= 500 && status !== "503") faults.push(`request ${seed}: ${text.slice(0, 500)}`);
      }
      if (/internal_error|\bat \w+ \(|node_modules|^set-cookie/m.test(text))
        faults.push(`request ${seed}: ${text.slice(0, 500)}`);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return statuses;
}

it(`${REQUESTS} requests: no fault inside, no page lost, nothing left, memory flat`, {
  timeout: 3_600_000,
}, async () => {
  const faults: string[] = [];
  process.on("warning", ({ message }) => faults.push(message)); // such as listeners that are never taken off
  const warm = Math.floor(REQUESTS / 4);
  await fuzz(0, warm, faults);
  server.lines.splice(0); // the test's own
  collect();
  const before = process.memoryUsage().heapUsed;
  const statuses = await fuzz(warm, REQUESTS, faults);
  expect(faults.slice(0, 5)).toEqual([]);
  expect(server.errors).toEqual([]);
  // It did answer, and did refuse, for many reasons.
  for (const status of ["200", "400", "403", "404", "415"]) expect([...statuses.keys()]).toContain(status);
  while (server.loop.open.size > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  server.engine.checkBooks();
  const { free, idle } = server.pool.counts();
  expect(free + idle).toBe(server.pool.pages);
  expect(
    (await post(`${server.url}/v1/chat/completions`, { messages, max_tokens: 2 })).body.choices[0].message.content,
  ).toBe("word word ");
  server.lines.splice(0);
  collect();
  expect((process.memoryUsage().heapUsed - before) / 2 ** 20).toBeLessThan(16);
});
