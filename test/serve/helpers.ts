/** Engines over the echo-KV model, and requests that gather what they get. */
import { expect } from "vitest";
import {
  Engine,
  type EngineOptions,
  type EngineRequest,
  type FinishReason,
  noCache,
  PagePool,
  type PrefixCache,
  type Sampled,
} from "../../src/serve/index.ts";
import { EchoRunner, echoed, scored as scoredAlone } from "./echo.ts";

/** What a reader does besides reading. */
export interface Reader {
  /** Tokens of a choice after which it wants no more. */
  readonly stopAfter?: number;
  /** Tokens of a choice after which it throws. */
  readonly throwAfter?: number;
}

/** A request, what it has got, and what it should. */
export interface Asked {
  readonly id: number;
  readonly request: EngineRequest;
  readonly reader: Reader;
  /** Tokens of each choice so far. */
  readonly got: number[][];
  /** Of its prompt, so far. */
  readonly scored: Sampled[];
  /** Why each has ended; none while it goes on. */
  readonly reasons: (FinishReason | undefined)[];
  /** How often it was scheduled and preempted. */
  readonly times: { scheduled: number; preempted: number };
}

/** Adds a request and gathers what it gets; what comes out of turn fails the test. */
export function ask(engine: Engine, request: Omit<EngineRequest, "events">, reader: Reader = {}): Asked {
  const { stopAfter = Infinity, throwAfter = Infinity } = reader;
  const choices = request.choices ?? 1;
  const got = Array.from({ length: choices }, (): number[] => []);
  const reasons = Array<FinishReason | undefined>(choices).fill(undefined);
  const scored: Sampled[] = [];
  const times = { scheduled: 0, preempted: 0 };
  const isOpen = (choice: number) => expect([choice, reasons[choice]]).toEqual([choice, undefined]);
  const events: EngineRequest["events"] = {
    onScheduled: (choice) => {
      isOpen(choice);
      times.scheduled++;
    },
    onPreempted: (choice) => {
      isOpen(choice);
      times.preempted++;
    },
    onPrompt: (from, some) => {
      isOpen(0);
      expect([from, some.length > 0]).toEqual([scored.length, true]);
      scored.push(...some);
    },
    onToken: (choice, { token }) => {
      isOpen(choice);
      if (request.promptLogprobs !== undefined) expect(scored.length).toBe(request.prompt.length);
      got[choice].push(token);
      if (got[choice].length >= throwAfter) throw new Error("the reader");
      return got[choice].length < stopAfter;
    },
    onFinish: (choice, reason) => {
      isOpen(choice);
      reasons[choice] = reason;
    },
  };
  const whole = { ...request, events };
  return { id: engine.add(whole), request: whole, reader, got, scored, reasons, times };
}

/** What a request gets alone. */
export function alone({ request, reader }: Asked, choice = 0): { tokens: number[]; reason: FinishReason } {
  const { prompt, maxTokens = 0, stopTokens } = request;
  const { stopAfter = Infinity, throwAfter = Infinity } = reader;
  const tokens = echoed(prompt, Math.min(maxTokens, stopAfter, throwAfter), choice, stopTokens);
  if (tokens.length >= throwAfter) return { tokens, reason: "error" };
  const whole = tokens.length === maxTokens && tokens.length < stopAfter;
  return { tokens, reason: whole ? "length" : "stop" };
}

/** What its prompt is scored alone. */
export function aloneScored({ request: { prompt, promptLogprobs } }: Asked): Sampled[] {
  return promptLogprobs === undefined ? [] : scoredAlone(prompt, promptLogprobs);
}

/** An engine over the echo-KV model, with its parts. */
export function echoEngine(
  pages: number,
  pageSize: number,
  cacheOf: (pool: PagePool) => PrefixCache = () => noCache,
  more: Partial<EngineOptions> & { readonly positions?: number } = {},
): { engine: Engine; pool: PagePool; cache: PrefixCache; runner: EchoRunner } {
  const pool = new PagePool(pages, pageSize);
  const cache = cacheOf(pool);
  const runner = new EchoRunner(pages, pageSize, more.positions);
  return { engine: new Engine({ runner, pool, cache, ...more }), pool, cache, runner };
}

/** Steps until there is nothing to do, with the books counted after each. @returns how many. */
export async function toIdle(engine: Engine, most = 1000): Promise<number> {
  let steps = 0;
  while (engine.hasWork) {
    expect(++steps).toBeLessThanOrEqual(most);
    await engine.step();
    engine.checkBooks();
  }
  return steps;
}
