/**
 * Small tasks whose answers can be verified: sums, differences, sorting, reversing, the largest, repeating. One pair of
 * operands in ten and one list in ten is held out: training never sees it, so a right answer to it was computed.
 */
import { pick, type Random } from "../stories/story.ts";
import { animals, boys, colours, girls, objects } from "../stories/words.ts";

/** A question with one right answer. */
export interface Task {
  readonly kind: TaskKind;
  readonly prompt: string;
  readonly answer: string;
}

/** Kinds of tasks: sums to 20, to 99, to 99 with written steps, differences to 20, lists. */
export const taskKinds = ["sum20", "sum99", "steps", "difference", "sort", "reverse", "largest", "repeat"] as const;
/** One of `taskKinds`. */
export type TaskKind = (typeof taskKinds)[number];

/** One number in ten, spread as if by chance. */
function isOneInTen(value: number): boolean {
  let x = Math.imul(value + 1, 0x9e3779b1);
  x = Math.imul(x ^ (x >>> 15), 0x85ebca6b);
  return ((x ^ (x >>> 13)) >>> 0) % 10 === 0;
}

/** Whether a pair of operands is held out. The pair (a, b) and the pair (b, a) are, together, or neither. */
export function isHeldOut(a: number, b: number): boolean {
  const [low, high] = a < b ? [a, b] : [b, a];
  return isOneInTen(low * 100 + high);
}

/** Whether a list of digits or letters is held out: together with all others of the same items in another order. */
export function isListHeldOut(items: readonly (number | string)[]): boolean {
  const sorted = items.map(String).toSorted();
  return isOneInTen(sorted.reduce((sum, item) => 31 * sum + item.charCodeAt(0), items.length) % 1_000_003);
}

/** Two operands up to `most`, of those that are held out or of the others. */
function operands(random: Random, most: number, heldOut: boolean): [number, number] {
  for (;;) {
    const [a, b] = [0, 0].map(() => Math.floor(random() * (most + 1)));
    if (isHeldOut(a, b) === heldOut) return [a, b];
  }
}

/** 47 + 85, column by column: "7+5=12,4+8+1=13,132". */
function columns(a: number, b: number): string {
  const [unitsA, unitsB, tensA, tensB] = [a % 10, b % 10, Math.floor(a / 10), Math.floor(b / 10)];
  const units = unitsA + unitsB;
  const carry = Math.floor(units / 10);
  return `${unitsA}+${unitsB}=${units},${tensA}+${tensB}+${carry}=${tensA + tensB + carry},${a + b}`;
}

function list<T>(random: Random, from: number, to: number, make: () => T): T[] {
  return Array.from({ length: from + Math.floor(random() * (to - from + 1)) }, make);
}

/** @param heldOut operands and lists that training never sees; words to repeat are drawn from all. */
export function makeTask(random: Random, kind: TaskKind = pick(random, taskKinds), heldOut = false): Task {
  const task = (prompt: string, answer: string | number): Task => ({ kind, prompt, answer: String(answer) });
  const unseen = <T extends number | string>(make: () => T): T[] => {
    for (;;) {
      const items = list(random, 3, 5, make);
      if (isListHeldOut(items) === heldOut) return items;
    }
  };
  const digits = (): number[] => unseen(() => Math.floor(random() * 10));
  switch (kind) {
    case "sum20":
    case "sum99": {
      const [a, b] = operands(random, kind === "sum20" ? 20 : 99, heldOut);
      return task(`${a}+${b}=`, a + b);
    }
    case "steps": {
      const [a, b] = operands(random, 99, heldOut);
      return task(`steps ${a}+${b}=`, columns(a, b));
    }
    case "difference": {
      const [a, b] = operands(random, 20, heldOut);
      return task(`${Math.max(a, b)}-${Math.min(a, b)}=`, Math.abs(a - b));
    }
    case "sort": {
      const numbers = digits();
      return task(`sort ${numbers.join(" ")} =`, ` ${[...numbers].sort((x, y) => x - y).join(" ")}`);
    }
    case "reverse": {
      const letters = unseen(() => pick(random, "abcdefgh".split("")));
      return task(`reverse ${letters.join(" ")} =`, ` ${[...letters].reverse().join(" ")}`);
    }
    case "largest": {
      const numbers = digits();
      return task(`max ${numbers.join(" ")} =`, Math.max(...numbers));
    }
    case "repeat": {
      const words = list(random, 1, 6, () =>
        pick(random, pick(random, [[...girls, ...boys], colours, objects, animals])),
      );
      return task(`repeat ${words.join(" ")} =`, ` ${words.join(" ")}`);
    }
  }
}

/** Whether an answer is right: blanks around it do not count. */
export function verifyTask({ answer }: Task, given: string): boolean {
  return given.trim() === answer.trim();
}
