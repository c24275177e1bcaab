// Checks 4.3: ratios of rings on virtual time, and the size at which busbw is half of the link's bandwidth.
import { busFactor } from "worldsize";
import { type Answer, defineExercise, draws, Wrong } from "worldsize/exercise";
import { parts, runVirtual, uniformNetwork } from "worldsize/sim";

interface Link {
  readonly alpha: number;
  readonly bandwidth: number;
}

interface LinkAnswer extends Answer {
  speedup(n: number, bytes: number, fast: Link, slow: Link): number;
  halfSize(n: number, link: Link): number;
}

const nvlink: Link = { alpha: parts.nvlink4.latency, bandwidth: parts.nvlink4.bandwidth };
const pcie: Link = { alpha: parts.pcie5.latency, bandwidth: parts.pcie5.bandwidth };

/** Seconds of a ring of whole chunks. */
function ring(n: number, bytes: number, { alpha, bandwidth }: Link): number {
  return runVirtual(uniformNetwork(n, alpha, 1 / bandwidth), "ring", n * Math.round(bytes / 4 / n)).seconds;
}

interface Case {
  readonly n: number;
  readonly bytes: number;
  readonly fast: Link;
  readonly slow: Link;
}

function casesOf(seed: number): Case[] {
  const random = draws(seed);
  const sizes = [65_536, 1_048_576, 67_108_864];
  const cases: Case[] = [8, 4, 2, 16].flatMap((n) => sizes.map((bytes) => ({ n, bytes, fast: nvlink, slow: pcie })));
  for (let i = 0; i < 4; i++) {
    const n = 2 + Math.floor(random() * 15);
    const drawn = (): Link => ({ alpha: 10 ** (-6 + random()), bandwidth: 10 ** (9 + 2 * random()) });
    cases.push({ n, bytes: 4 * n * Math.floor(10 ** (3 + 3 * random())), fast: drawn(), slow: drawn() });
  }
  return cases;
}

interface Report {
  readonly speedups: readonly number[];
  readonly halves: readonly number[];
}

export default defineExercise<Report>({
  number: "4.3",
  title: "What NVLink buys",
  exports: ["speedup", "halfSize"],
  worlds: [1],
  interleavings: 0,
  hints: [
    "A ring takes 2 (n - 1) steps of α + (bytes / n) / bandwidth. A ratio of two such times: what cancels, and what does not?",
    "speedup = (α₂ + B/(n b₂)) / (α₁ + B/(n b₁)). For tiny tensors that is α₂/α₁, for huge ones b₁/b₂.",
    "busbw = 2 (n - 1)/n × B / (2 (n - 1)(α + B/(n b))) = (B/n) / (α + B/(n b)). It is b/2 when B/(n b) = α: B = n α b.",
  ],
  questions: [
    {
      ask: "8 ranks, NVLink 4 against PCIe 5: how many times as fast is a ring of 64 KiB? To two digits.",
      world: 1,
      answer: (outcome) => Number((outcome.reports[0] as Report).speedups[0].toPrecision(2)),
      because:
        "Latency decides: 5.7 against 3.4 µs a step. At 64 MiB it is 6.3: most of the ratio of bandwidths, which is 7.1.",
    },
  ],
  async run(answer, { seed }) {
    const { speedup, halfSize } = answer as LinkAnswer;
    const cases = casesOf(seed);
    return {
      speedups: cases.map(({ n, bytes, fast, slow }) => speedup(n, bytes, fast, slow)),
      halves: cases.map(({ n, fast }) => halfSize(n, fast)),
    };
  },
  judge(outcome) {
    const { speedups, halves } = outcome.reports[0];
    const words = ({ alpha, bandwidth }: Link): string =>
      `${(alpha * 1e6).toPrecision(2)} µs and ${(bandwidth / 1e9).toPrecision(3)} GB/s`;
    const near = (a: number, b: number): boolean => Math.abs(a / b - 1) < 0.02;
    for (const [i, { n, bytes, fast, slow }] of casesOf(outcome.seed).entries()) {
      const right = ring(n, bytes, slow) / ring(n, bytes, fast);
      const got = speedups[i];
      if (!near(got, right)) {
        const bandwidths = fast.bandwidth / slow.bandwidth;
        const hint = near(got, 1 / right)
          ? " It is upside down."
          : near(got, bandwidths)
            ? " That is the ratio of bandwidths: what became of latency?"
            : "";
        throw new Wrong(
          "the speed-up",
          `n = ${n}, ${bytes} bytes, ${words(fast)} against ${words(slow)}: it says ${got}, on virtual time it is ${right.toPrecision(4)}.${hint}`,
        );
      }
      const half = halves[i];
      const share =
        half > 0 && half < 1e15
          ? ((half / ring(n, half, fast)) * busFactor("allReduce", n)) / fast.bandwidth
          : Number.NaN;
      if (Math.abs(share - 0.5) < 0.01) continue;
      const algbw =
        Math.abs(share / busFactor("allReduce", n) - 0.5) < 0.01
          ? " There algbw is half of it: busbw is asked for."
          : "";
      throw new Wrong(
        "the half size",
        `n = ${n}, ${words(fast)}: it says ${half} bytes; there the bus bandwidth is ${(100 * share).toPrecision(3)} % of the link's, not 50 %.${algbw}`,
      );
    }
  },
});
