// Times one step of a runner, and the tokens of requests that decode while a long prompt comes in.
import { Engine, greedy, type ModelRunner, noCache, PagePool, type Row } from "worldsize/serve";

/** Tokens of a page. */
export const PAGE = 16;

/** A row of new tokens whose earlier ones have keys and values in pages of its own. @param most tokens of any row. */
export function rowOf(sequence: number, start: number, count: number, most: number): Row {
  const own = Math.ceil(most / PAGE);
  const tokens = Array.from({ length: count }, (_, i) => 16 + ((7 * (start + i) + 31 * sequence) % 1000));
  return {
    tokens,
    start,
    pages: Array.from({ length: Math.ceil((start + count) / PAGE) }, (_, page) => sequence * own + page),
    draws: [{ sampling: greedy, choice: 0, tokens, promptLength: 1 }],
  };
}

/** The shortest of some runs of a step. @returns milliseconds. */
export async function stepTime(
  runner: ModelRunner,
  rows: readonly Row[],
  rounds: number,
  now: () => number,
): Promise<number> {
  let best = Infinity;
  for (let round = 0; round < rounds + 3; round++) {
    const start = now();
    await runner.run({ copies: [], rows });
    if (round > 2) best = Math.min(best, now() - start); // the first ones warm up
  }
  return best;
}

/** What a long prompt did to those who were decoding. */
export interface Beside {
  /** Steps that the prompt took. */
  readonly steps: number;
  /** Milliseconds to its first token. */
  readonly first: number;
  /** Milliseconds between tokens of one of the others, meanwhile. */
  readonly gaps: readonly number[];
}

/** Some requests decode; then a long prompt is added. @param budget tokens of a step. */
export async function longPromptBeside(
  runner: ModelRunner,
  pages: number,
  { others, long, budget }: { readonly others: number; readonly long: number; readonly budget: number },
  now: () => number,
): Promise<Beside> {
  const engine = new Engine({ runner, pool: new PagePool(pages, PAGE), cache: noCache, maxTokens: budget });
  const times: number[] = [];
  const add = (sequence: number, length: number, onToken: () => void): void => {
    const prompt = rowOf(sequence, 0, length, length).tokens;
    const events = {
      onToken: (): boolean => {
        onToken();
        return true;
      },
      onFinish: (): void => {},
    };
    engine.add({ prompt, events });
  };
  for (let i = 0; i < others; i++) add(i, 8, i === 0 ? () => times.push(now()) : () => {});
  for (let step = 0; step < 4 || times.length < 3; step++) await engine.step();
  let first: number | undefined;
  const [start, before] = [now(), times.length];
  add(others, long, () => {
    first ??= now();
  });
  let steps = 0;
  while (first === undefined) {
    await engine.step();
    steps++;
  }
  const since = times.slice(before - 1);
  return { steps, first: first - start, gaps: since.slice(1).map((time, i) => time - since[i]) };
}
