/** Tasks: what is held out is never drawn for training, and each answer is computed again in another way. */
import { expect, it } from "vitest";
import { isHeldOut, isListHeldOut, makeTask, type TaskKind, taskKinds, verifyTask } from "../../src/data/index.ts";
import { mulberry32 } from "../../src/platform/random.ts";

it("100,000 draws for training hold no pair that is held out, in either order", () => {
  const random = mulberry32(41);
  const sums = taskKinds.filter((kind) => ["sum20", "sum99", "steps", "difference"].includes(kind));
  let wrong = 0;
  const seen = new Set<string>();
  for (let i = 0; i < 100_000; i++) {
    const { prompt } = makeTask(random, sums[i % sums.length]);
    const [a, b] = (prompt.match(/\d+/g) ?? []).map(Number);
    if (isHeldOut(a, b) || isHeldOut(b, a)) wrong++;
    seen.add(`${a},${b}`);
  }
  expect(wrong).toBe(0);
  expect(seen.size).toBeGreaterThan(8500); // nearly all of the others are drawn
});

it("what is held out is one pair in ten of small sums, too", () => {
  const pairs = Array.from({ length: 441 }, (_, i) => isHeldOut(Math.floor(i / 21), i % 21)).filter(Boolean).length;
  expect(pairs).toBeGreaterThan(441 * 0.05);
  expect(pairs).toBeLessThan(441 * 0.16);
});

it("lists: training never sees one that is held out in any order, evaluation sees nothing else", () => {
  const random = mulberry32(42);
  const kinds = ["sort", "reverse", "largest"] as const;
  const listOf = (prompt: string): string[] => prompt.split(" ").slice(1, -1);
  for (const heldOut of [false, true]) {
    for (let i = 0; i < 6000; i++) {
      const items = listOf(makeTask(random, kinds[i % 3], heldOut).prompt);
      expect([items, isListHeldOut(items)]).toEqual([items, heldOut]);
      expect(isListHeldOut(items.toReversed())).toBe(heldOut);
      expect(isListHeldOut(items.toSorted())).toBe(heldOut);
    }
  }
  // One in ten of all lists of three digits, of five letters, and so on.
  for (const [count, base] of [
    [3, 10],
    [4, 10],
    [5, 8],
  ]) {
    const all = Array.from({ length: base ** count }, (_, i) => [...i.toString(base).padStart(count, "0")]);
    const share = all.filter((items) => isListHeldOut(items)).length / all.length;
    expect(share).toBeGreaterThan(0.05);
    expect(share).toBeLessThan(0.16);
  }
});

/** The answer to a prompt, read from its words alone. */
const solutions: Readonly<Record<TaskKind, (words: readonly string[]) => string>> = {
  sum20: ([sum]) =>
    `${sum
      .split(/[+=]/)
      .slice(0, 2)
      .reduce((total, each) => total + Number(each), 0)}`,
  sum99: (words) => solutions.sum20(words),
  steps: ([, sum]) => {
    const [[t1, u1], [t2, u2]] = sum
      .split(/[+=]/)
      .slice(0, 2)
      .map((each) => [...each.padStart(2, "0")].map(Number));
    const [units, total] = [u1 + u2, 10 * (t1 + t2) + u1 + u2];
    const carry = units > 9 ? 1 : 0;
    return `${u1}+${u2}=${units},${t1}+${t2}+${carry}=${t1 + t2 + carry},${total}`;
  },
  difference: ([sum]) => `${Number(sum.split(/[-=]/)[0]) - Number(sum.split(/[-=]/)[1])}`,
  sort: ([, ...list]) =>
    list
      .slice(0, -1)
      .toSorted((a, b) => Number(a) - Number(b))
      .join(" "),
  reverse: ([, ...list]) =>
    list
      .slice(0, -1)
      .map((_, i, all) => all[all.length - 1 - i])
      .join(" "),
  largest: ([, ...list]) => list.slice(0, -1).toSorted().at(-1) ?? "",
  repeat: ([, ...list]) => list.slice(0, -1).join(" "),
};

it.each(taskKinds)("%s: the verifier takes what is computed from the prompt, and nothing beside it", (kind) => {
  const random = mulberry32(43);
  for (let i = 0; i < 300; i++) {
    const task = makeTask(random, kind);
    const answer = solutions[kind](task.prompt.split(" "));
    expect([task.prompt, verifyTask(task, answer)]).toEqual([task.prompt, true]);
    for (const other of ["", `${answer} ${answer}`, `${answer}0`, answer.slice(0, -1), `x${answer}`])
      expect([task.prompt, other, verifyTask(task, other)]).toEqual([task.prompt, other, false]);
  }
});
