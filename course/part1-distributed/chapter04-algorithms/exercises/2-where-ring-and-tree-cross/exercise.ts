// Checks 4.2: both algorithms run on virtual time at the size that the answer gives.
import { type Answer, defineExercise, draws, formed, Wrong } from "worldsize/exercise";
import { runVirtual, uniformNetwork } from "worldsize/sim";

interface CrossoverAnswer extends Answer {
  crossover(n: number, alpha: number, beta: number): number | undefined;
}

interface Case {
  readonly n: number;
  readonly alpha: number;
  readonly beta: number;
}

/** Known ones first: powers of two and what lies beside them, then other machines; the last six are drawn anew. */
function casesOf(seed: number): Case[] {
  const random = draws(seed);
  const cases: Case[] = [2, 3, 4, 5, 6, 7, 8, 9, 16, 17, 24, 32, 64].map((n) => ({ n, alpha: 5e-6, beta: 1e-10 }));
  cases.push({ n: 8, alpha: 1e-6, beta: 1e-10 }, { n: 8, alpha: 5e-6, beta: 2e-11 }, { n: 3, alpha: 2e-5, beta: 1e-9 });
  for (let i = 0; i < 6; i++) {
    cases.push({ n: 4 + Math.floor(random() * 30), alpha: 10 ** (-6 + random()), beta: 10 ** (-11 + random()) });
  }
  return cases;
}

/** Seconds of both on virtual time. Sizes are whole chunks, so that rounding does not matter. */
function times({ n, alpha, beta }: Case, bytes: number): { ring: number; tree: number } {
  const network = uniformNetwork(n, alpha, beta);
  const count = n * Math.max(1, Math.round(bytes / 4 / n));
  return { ring: runVirtual(network, "ring", count).seconds, tree: runVirtual(network, "tree", count).seconds };
}

/** Whether the tree is ahead at some size, by more than rounding. */
function treeAhead(each: Case, bytes: number): boolean {
  const { ring, tree } = times(each, bytes);
  return tree < ring * (1 - 1e-9);
}

/** How far from the crossing a size may be: 1 %. */
const NEAR = 1.01;

const micros = (seconds: number): string => `${(seconds * 1e6).toPrecision(4)} µs`;

/** Where the two times are equal on virtual time, by bisection on a log scale. */
function crossingOf(each: Case): number {
  let [low, high] = [1, 1e12];
  for (let i = 0; i < 60; i++) {
    const middle = Math.sqrt(low * high);
    if (treeAhead(each, middle)) low = middle;
    else high = middle;
  }
  return low;
}

export default defineExercise<readonly (number | undefined)[]>({
  number: "4.2",
  title: "Where ring and tree cross",
  exports: ["crossover"],
  worlds: [1],
  interleavings: 0,
  hints: [
    "Set the two times equal. Both have a part with alpha and a part with B times beta: bring each to one side.",
    "2 L (α + Bβ) = 2 (n - 1)(α + Bβ/n) with L = ⌈log₂ n⌉ gives Bβ (L - (n - 1)/n) = α (n - 1 - L).",
    "B = α (n - 1 - L) / (β (L - (n - 1)/n)). The denominator is always positive; the numerator is not for n = 2 and 3, where the ring has no more steps than the tree.",
  ],
  questions: [
    {
      ask: "Links become ten times as fast (β ÷ 10), α stays. Where do ring and tree cross then?",
      choices: ["at ten times as many bytes", "at a tenth of the bytes", "at the same size"],
      world: 1,
      answer() {
        const at = (beta: number): number => crossingOf({ n: 8, alpha: 5e-6, beta });
        const ratio = at(1e-11) / at(1e-10);
        if (ratio > 5) return "at ten times as many bytes";
        return ratio < 0.2 ? "at a tenth of the bytes" : "at the same size";
      },
      because:
        "B is proportional to α/β. Faster links make latency count for longer: the tree stays ahead up to larger tensors.",
    },
  ],
  async run(answer, { seed }) {
    return casesOf(seed).map(({ n, alpha, beta }) => (answer as CrossoverAnswer).crossover(n, alpha, beta));
  },
  judge(outcome) {
    const reports = outcome.reports[0];
    for (const [i, each] of casesOf(outcome.seed).entries()) {
      const { n, alpha, beta } = each;
      const what = `n = ${n}, alpha = ${(alpha * 1e6).toPrecision(3)} µs, 1/beta = ${(1e-9 / beta).toPrecision(3)} GB/s`;
      const form = { either: ["number", "undefined"] } as const;
      const bytes = formed<number | undefined>(reports[i], form, `${what}: crossover(n, alpha, beta)`);
      const says = bytes === undefined ? "undefined" : `${bytes} bytes`;
      if (!treeAhead(each, 1)) {
        const none = `${what}: it says ${says}, but here the ring is never slower than the tree: return undefined.`;
        outcome.must(bytes === undefined, "no crossing", none);
        continue;
      }
      if (bytes === undefined || !(bytes > 0 && bytes < 1e15)) {
        const small = Math.max(4 * n, Number((crossingOf(each) / 10).toPrecision(2)));
        const { ring, tree } = times(each, small);
        throw new Wrong(
          "a crossing",
          `${what}: it says ${says}, but at ${small} bytes the tree takes ${micros(tree)} and the ring ${micros(ring)}; ` +
            "for large tensors the ring is ahead, so they cross.",
        );
      }
      if (treeAhead(each, bytes / NEAR) && !treeAhead(each, bytes * NEAR)) continue;
      const { ring, tree } = times(each, bytes);
      const off = bytes / crossingOf(each);
      throw new Wrong(
        "the crossing",
        `${what}: at ${Number(bytes.toPrecision(4))} bytes the ring takes ${micros(ring)} and the tree ${micros(tree)}; they should be equal. The size is ${off.toPrecision(3)} times the right one.${Math.abs(off - 0.25) < 0.002 ? " Are those floats? Bytes are asked for." : ""}`,
      );
    }
  },
});
