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
} from "../../src/serve/index.ts";
import { EchoRunner, echoed } from "./echo.ts";

/** A request, what it has got, and what it should. */
export interface Asked {
  readonly id: number;
  readonly request: EngineRequest;
  /** Tokens of each choice so far. */
  readonly got: number[][];
  /** Why each has ended; none while it goes on. */
  readonly reasons: (FinishReason | undefined)[];
  /** Tokens after which its reader wants no more. */
  readonly stopAfter: number;
}

/** Adds a request and gathers what it gets. @param stopAfter tokens after which its reader wants no more. */
export function ask(engine: Engine, request: Omit<EngineRequest, "events">, stopAfter = Infinity): Asked {
  const choices = request.choices ?? 1;
  const got = Array.from({ length: choices }, (): number[] => []);
  const reasons = Array<FinishReason | undefined>(choices).fill(undefined);
  const events: EngineRequest["events"] = {
    onToken: (choice, { token }) => got[choice].push(token) < stopAfter,
    onFinish: (choice, reason) => {
      expect(reasons[choice]).toBeUndefined();
      reasons[choice] = reason;
    },
  };
  const whole = { ...request, events };
  return { id: engine.add(whole), request: whole, got, reasons, stopAfter };
}

/** What a request gets alone. */
export function alone({ request, stopAfter }: Asked, choice = 0): { tokens: number[]; reason: FinishReason } {
  const { prompt, maxTokens = 0, stopTokens } = request;
  const tokens = echoed(prompt, Math.min(maxTokens, stopAfter), choice, stopTokens);
  const whole = tokens.length === maxTokens && tokens.length < stopAfter;
  return { tokens, reason: whole ? "length" : "stop" };
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
