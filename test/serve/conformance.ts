/**
 * What every engine has to do, whatever its scheduler, its cache, its tiers of memory, its loop or its runner: give each
 * request what it would get alone, and keep the books of pages. The model is the echo-KV model of `echo.ts`, in which a page
 * that is stale, lost or somebody else's gives another token.
 *
 * To add a body, add it to `bodies.ts`, or call `engineConformance(name, make)` in a test file of its own. `make` builds an engine as it is told: `pages` and
 * `pageSize` for pool and runner, `limits` for the scheduler. It hands back the engine, its pool, its cache (`noCache` if it
 * has none) and its runner, whose `run` the suite replaces for a step that is to fail. A loop of another kind is a class
 * that extends `Engine` with a `step` of its own; a proposer is a runner or a step that gives the echo model's tokens. What a
 * body does not do it declares: `finds: false` has no cache to find anything in, `passes: true` may let a request pass an
 * earlier one that waits for pages on their way.
 */
import { describe, expect, it } from "vitest";
import { mulberry32 } from "../../src/platform/random.ts";
import type { Engine, PagePool, PrefixCache, Runner, SchedulerOptions } from "../../src/serve/index.ts";
import { isLong } from "../helpers/long.ts";
import { type Asked, alone, aloneScored, ask, type Reader, toIdle } from "./helpers.ts";

/** How an engine is to be built. */
export interface EngineSetting {
  readonly pages: number;
  readonly pageSize: number;
  readonly limits: SchedulerOptions;
}

/** An engine, with what the suite looks at. */
export interface MadeEngine {
  readonly engine: Engine;
  readonly pool: PagePool;
  readonly cache: PrefixCache;
  readonly runner: Pick<Runner, "run"> & { run: Runner["run"] };
}

/** Builds an engine as it is told. */
export type MakeEngine = (setting: EngineSetting) => MadeEngine;

/** What a body does and does not. */
export interface EngineTraits {
  /** Whether prefixes are found again; true if not given. */
  readonly finds?: boolean;
  /** Whether a later request may pass one that waits for pages on their way; false if not given. */
  readonly passes?: boolean;
  /** What else has to have happened in all runs together. */
  readonly happened?: (engines: readonly Engine[]) => void;
}

const upTo = (count: number, from = 0): number[] => Array.from({ length: count }, (_, i) => from + i);

/** Each choice got what it gets alone, or the beginning of that if it was cut short by what the test did. */
function expectAlone(asked: Asked, isCut: (reason: string) => boolean, which: string): void {
  for (const [choice, tokens] of asked.got.entries()) {
    const { tokens: wanted, reason } = alone(asked, choice);
    const is = asked.reasons[choice] ?? "none";
    const due = isCut(is) ? [wanted.slice(0, tokens.length), is] : [wanted, reason];
    expect([tokens, is], `${which}, choice ${choice}`).toEqual(due);
  }
  const scores = aloneScored(asked);
  const whole = !asked.reasons.some((reason) => isCut(reason ?? "none"));
  expect(asked.scored, which).toEqual(whole ? scores : scores.slice(0, asked.scored.length));
}

function expectIdle({ engine, pool, cache }: MadeEngine): void {
  engine.checkBooks();
  expect([engine.hasWork, pool.available]).toEqual([false, pool.pages]);
  cache.evict(pool.pages);
  expect(pool.free).toBe(pool.pages);
}

/** Requests, aborts and failures by chance, over engines that are nearly always short of pages. */
async function runByChance(make: MakeEngine, pageSize: number, seed: number) {
  const random = mulberry32(seed);
  const below = (n: number): number => Math.floor(random() * n);
  const pages = Math.ceil((30 + below(90)) / pageSize) + 1;
  const limits = { maxTokens: 1 + below(40), maxSequences: 4 + below(8) };
  const made = make({ pages, pageSize, limits });
  const { engine, runner } = made;
  const run = runner.run.bind(runner);
  const slots = pages * pageSize;
  const stems = Array.from({ length: 3 }, () => Array.from({ length: 1 + below(20) }, () => below(50)));
  const asked: Asked[] = [];
  const [gone, failed] = [new Set<number>(), new Set<number>()];
  const begun: Asked[] = [];
  let [still, count] = [0, 0];
  for (let step = 0; step < 10_000 && (count < 25 || engine.hasWork); step++) {
    if (count < 25 && random() < 0.5) {
      const prompt = [...stems[below(3)], ...Array.from({ length: below(8) }, () => below(50))].slice(0, slots - 2);
      const promptLogprobs = random() < 0.2 ? below(3) : undefined;
      const least = promptLogprobs !== undefined && random() < 0.5 ? 0 : 1;
      const maxTokens = least + below(Math.min(20, slots - prompt.length - 1));
      const choices = random() < 0.25 ? 1 + below(4) : 1;
      const stopTokens = new Set(random() < 0.3 ? Array.from({ length: 100 }, () => below(1000)) : []);
      const reader: Reader = {
        stopAfter: random() < 0.2 ? 1 + below(5) : undefined,
        throwAfter: random() < 0.05 ? 1 + below(5) : undefined,
      };
      const request = { prompt, maxTokens, choices, stopTokens, priority: below(2), promptLogprobs };
      asked.push(ask(engine, random() < 0.2 ? { ...request, cache: false } : request, reader));
      count++;
    }
    const { id } = asked[below(asked.length)] ?? { id: -1 };
    const aborts = random() < 0.03 && id >= 0;
    const isUnder = random() < 0.5; // a step under way
    const fails = random() < 0.01;
    if (fails) {
      const later = random() < 0.5;
      runner.run = (batch) => {
        if (!later) throw new Error("at once");
        return run({ ...batch, rows: batch.rows.slice(0, 1) }).then(() => Promise.reject(new Error("later")));
      };
    }
    if (aborts) gone.add(id);
    if (aborts && !isUnder) engine.abort(id);
    const open = asked.filter(({ reasons }) => reasons.includes(undefined));
    const stepping = engine.step();
    if (aborts && isUnder) engine.abort(id);
    const report = await stepping;
    engine.checkBooks();
    runner.run = run;
    if (fails) for (const each of open) if (each.reasons.includes("error")) failed.add(each.id);
    for (const each of asked) if (each.times.scheduled > 0 && !begun.includes(each)) begun.push(each);
    still = report.prefill + report.decode > 0 || !engine.hasWork || report.waiting === 0 ? 0 : still + 1;
    expect(still, `seed ${seed}: steps in which nothing ran`).toBeLessThan(made.engine.stats.loadedPages > 0 ? 200 : 3);
  }
  for (const each of asked) {
    const isCut = (reason: string): boolean =>
      (reason === "abort" && gone.has(each.id)) || (reason === "error" && failed.has(each.id));
    expectAlone(each, isCut, `seed ${seed}, request ${each.id}`);
  }
  return { made, asked, begun };
}

/** One thing that an engine has to do. */
export interface Check {
  readonly name: string;
  /** @throws where the engine does not. */
  run(): Promise<void>;
}

/** Registers all checks of an engine as tests. */
export function engineConformance(name: string, make: MakeEngine, traits: EngineTraits = {}): void {
  describe(`engine conformance, ${name}`, () => {
    for (const { name: check, run } of engineChecks(make, traits)) it(check, run);
  });
}

/** Everything that an engine has to do. */
export function engineChecks(
  make: MakeEngine,
  { finds = true, passes = false, happened }: EngineTraits = {},
): readonly Check[] {
  const checks: Check[] = [];
  const check = (name: string, run: Check["run"]): void => void checks.push({ name, run });
  for (const pageSize of [1, 4, 16]) {
    check(`pages of ${pageSize}: a batch gives what one at a time gives`, async () => {
      const engines: Engine[] = [];
      const asked: Asked[] = [];
      for (let seed = 0; seed < (isLong ? 300 : 12); seed++) {
        const { made, asked: some, begun } = await runByChance(make, pageSize, seed);
        expectIdle(made);
        engines.push(made.engine);
        asked.push(...some);
        if (passes) continue;
        // Of equal priority, who came first began first.
        for (const priority of [0, 1]) {
          const ids = begun.filter(({ request }) => request.priority === priority).map(({ id }) => id);
          expect(ids, `seed ${seed}`).toEqual([...ids].sort((a, b) => a - b));
        }
      }
      // What is to be tested did happen.
      const sum = (of: (engine: Engine) => number): number => engines.reduce((total, engine) => total + of(engine), 0);
      expect(sum(({ stats }) => stats.preemptions)).toBeGreaterThan(0);
      expect(sum(({ stats }) => stats.preemptions)).toBe(asked.reduce((all, { times }) => all + times.preempted, 0));
      expect(sum(({ stats }) => stats.generatedTokens)).toBe(asked.flatMap(({ got }) => got.flat()).length);
      for (const reason of ["abort", "error", "stop", "length"] as const)
        expect(asked.some(({ reasons }) => reasons.includes(reason))).toBe(true);
      expect(asked.some(({ scored, times }) => scored.length > 0 && times.preempted > 0)).toBe(true);
      if (finds) expect(sum(({ stats }) => stats.cachedTokens)).toBeGreaterThan(0);
      if (finds) expect(sum(({ stats }) => stats.evictions)).toBeGreaterThan(0);
      happened?.(engines);
    });
  }

  const limits = { maxTokens: 5, maxSequences: 4 };

  for (const choices of [1, 3]) {
    check(`an abort at every step, of ${choices} choices, loses no page and harms nobody`, async () => {
      for (const isUnder of [false, true]) {
        for (let at = 0; at < 14; at++) {
          const made = make({ pages: 24, pageSize: 4, limits });
          const { engine } = made;
          const other = ask(engine, { prompt: upTo(6, 50), maxTokens: 8 });
          const gone = ask(engine, { prompt: upTo(11), maxTokens: 5, choices });
          for (let step = 0; step < at && engine.hasWork; step++) await engine.step();
          const under = isUnder && engine.hasWork ? engine.step() : undefined;
          engine.abort(gone.id);
          await under;
          engine.checkBooks();
          expect(gone.reasons).not.toContain(undefined); // each choice hears of its end, also those that had not begun
          expect(engine.running.every(({ order }) => order !== gone.id)).toBe(true);
          engine.abort(gone.id); // twice is no mistake
          await toIdle(engine);
          expectAlone(other, () => false, `abort at ${at}`);
          expectIdle(made);
        }
      }
    });
  }

  check("a failure at every step ends those that were in it, and the books are right", async () => {
    for (let at = 0; at < 20; at++) {
      const made = make({ pages: 9, pageSize: 4, limits });
      const { engine, runner } = made;
      const asked = upTo(4).map((i) =>
        ask(engine, { prompt: upTo(7, i < 2 ? 0 : 30 * i), maxTokens: 9, choices: i === 0 ? 3 : 1 }),
      );
      for (let step = 0; step < at && engine.hasWork; step++) await engine.step();
      const run = runner.run.bind(runner);
      runner.run = (batch) => run(batch).then(() => Promise.reject(new Error("no")));
      if (engine.hasWork) await engine.step();
      runner.run = run;
      engine.checkBooks();
      await toIdle(engine);
      for (const each of asked) expectAlone(each, (reason) => reason === "error", `failure at ${at}`);
      expectIdle(made);
    }
  });

  for (const maxTokens of [5, 100]) {
    check(`a prompt of 2 pages and 1 is scored alike twice, at most ${maxTokens} tokens a step`, async () => {
      const { engine } = make({ pages: 24, pageSize: 4, limits: { maxTokens, maxSequences: 4 } });
      for (let time = 0; time < 2; time++) {
        const cached = engine.stats.cachedTokens;
        const asked = ask(engine, { prompt: upTo(9), maxTokens: 0, promptLogprobs: 2 });
        await toIdle(engine);
        expect([asked.got, asked.reasons, engine.stats.cachedTokens - cached]).toEqual([[[]], ["length"], 0]);
        expect(asked.scored.length).toBe(9);
        expectAlone(asked, () => false, "scored");
      }
    });
  }

  check("one that needs nearly all pages has its turn, however many small ones come behind it", async () => {
    const { engine } = make({ pages: 12, pageSize: 4, limits: { maxTokens: 16, maxSequences: 4 } });
    const small = (i: number) => ask(engine, { prompt: upTo(5, (7 * i) % 900), maxTokens: 6 });
    let count = 0;
    for (; count < 4; count++) small(count);
    await engine.step();
    const big = ask(engine, { prompt: upTo(40), maxTokens: 4 });
    let steps = 0;
    for (; big.reasons[0] === undefined && steps < 200; steps++) {
      small(count++);
      await engine.step();
      engine.checkBooks();
    }
    expect(steps).toBeLessThan(60);
    expectAlone(big, () => false, "big");
  });
  return checks;
}
