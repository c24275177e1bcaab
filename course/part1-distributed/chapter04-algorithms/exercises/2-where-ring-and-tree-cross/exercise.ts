// Checks 4.2: both algorithms run on virtual time at the size that the answer gives.
import { type Answer, defineExercise, draws, Wrong } from "worldsize/exercise";
import { runVirtual, uniformNetwork } from "worldsize/sim";

interface CrossoverAnswer extends Answer {
  crossover(n: number, alpha: number, beta: number): number | undefined;
}

interface Case {
  readonly n: number;
  readonly alpha: number;
  readonly beta: number;
}

function casesOf(seed: number): Case[] {
  const random = draws(seed);
  const cases: Case[] = [2, 3, 4, 5, 6, 7, 8, 16, 24, 32].map((n) => ({ n, alpha: 5e-6, beta: 1e-10 }));
  for (let i = 0; i < 6; i++) {
    cases.push({ n: 4 + Math.floor(random() * 30), alpha: 10 ** (-6 + random()), beta: 10 ** (-11 + 2 * random()) });
  }
  return cases;
}

/** Seconds of both on virtual time. Sizes are whole chunks, so that rounding does not matter. */
function times({ n, alpha, beta }: Case, bytes: number): { ring: number; tree: number } {
  const network = uniformNetwork(n, alpha, beta);
  const count = n * Math.max(1, Math.round(bytes / 4 / n));
  return { ring: runVirtual(network, "ring", count).seconds, tree: runVirtual(network, "tree", count).seconds };
}

/** Whether the tree ever is ahead: at the smallest size. */
function crosses(each: Case): boolean {
  const { ring, tree } = times(each, 1);
  return tree < ring * (1 - 1e-6);
}

/** Where the two times are equal on virtual time, by bisection on a log scale. */
function crossingOf(each: Case): number {
  let [low, high] = [1, 1e12];
  for (let i = 0; i < 60; i++) {
    const middle = Math.sqrt(low * high);
    const { ring, tree } = times(each, middle);
    if (tree < ring) low = middle;
    else high = middle;
  }
  return low;
}

export default defineExercise<readonly (number | null)[]>({
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
    return casesOf(seed).map(({ n, alpha, beta }) => (answer as CrossoverAnswer).crossover(n, alpha, beta) ?? null);
  },
  judge(outcome) {
    for (const [i, each] of casesOf(outcome.seed).entries()) {
      const { n, alpha, beta } = each;
      const bytes = outcome.reports[0][i];
      const what = `n = ${n}, alpha = ${(alpha * 1e6).toPrecision(3)} µs, 1/beta = ${(1e-9 / beta).toPrecision(3)} GB/s`;
      if (!crosses(each)) {
        const none = `${what}: it says ${bytes} bytes, but here the ring is never slower than the tree: return undefined.`;
        outcome.must(bytes === null, "no crossing", none);
        continue;
      }
      if (bytes === null || !(bytes > 0)) {
        const says = bytes === null ? "undefined" : bytes;
        throw new Wrong(
          "a crossing",
          `${what}: it says ${says}, but for small tensors the tree is ahead, and for large ones the ring.`,
        );
      }
      const { ring, tree } = times(each, bytes);
      outcome.must(
        Math.abs(ring / tree - 1) < 0.02,
        "the crossing",
        `${what}: at ${bytes.toPrecision(4)} bytes the ring takes ${(ring * 1e6).toPrecision(4)} µs and the tree ${(tree * 1e6).toPrecision(4)} µs; they should be equal. The size is ${(bytes / crossingOf(each)).toPrecision(3)} times the right one.`,
      );
    }
  },
});
