/** What a reader does while it is told: it throws, or aborts. */
import { expect, it } from "vitest";
import { ask, echoEngine, toIdle } from "./helpers.ts";

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

it("a reader that throws ends its own request; who steps hears of what nobody else can be told", async () => {
  const { engine, pool } = echoEngine(16, 4);
  const bad = ask(engine, { prompt: upTo(5), maxTokens: 4, choices: 2 }, { throwAfter: 2 });
  const good = ask(engine, { prompt: upTo(5), maxTokens: 4 });
  await toIdle(engine);
  expect([bad.reasons, good.reasons, pool.free]).toEqual([["error", "error"], ["length"], 16]);
  const events = {
    onToken: () => true,
    onFinish: () => {
      throw new Error("at the end");
    },
  };
  engine.add({ prompt: [1], maxTokens: 1, choices: 2, events });
  const other = ask(engine, { prompt: [2], maxTokens: 1 });
  await expect(engine.step()).rejects.toThrow("at the end");
  engine.checkBooks();
  expect([other.reasons, engine.hasWork, pool.free]).toEqual([["length"], false, 16]);
  const last = engine.add({ prompt: [1], maxTokens: 1, events });
  expect(() => engine.abort(last)).toThrow("at the end");
  expect(engine.hasWork).toBe(false);
});

it("a reader may abort its own request, or another, when it hears of a token or of an end", async () => {
  const { engine, pool } = echoEngine(16, 4);
  const ends: string[] = [];
  let [first, second] = [-1, -1];
  const events = (name: string, tokenOf: () => number, endOf: () => number) => ({
    onToken: () => {
      engine.abort(tokenOf());
      return true;
    },
    onFinish: (choice: number, reason: string) => {
      ends.push(`${name} ${choice} ${reason}`);
      engine.abort(endOf());
    },
  });
  const own = () => first;
  first = engine.add({ prompt: [1, 2], maxTokens: 9, choices: 2, events: events("first", own, own) });
  second = engine.add({ prompt: [3], maxTokens: 9, events: events("second", () => -1, own) });
  await engine.step();
  await engine.step();
  engine.abort(second);
  expect([ends.sort(), engine.hasWork, pool.free]).toEqual([
    ["first 0 abort", "first 1 abort", "second 0 abort"],
    false,
    16,
  ]);
});
