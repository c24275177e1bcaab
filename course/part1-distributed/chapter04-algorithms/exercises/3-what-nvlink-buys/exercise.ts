// Checks 4.3: ratios of rings on virtual time, and the size at which busbw is half of the link's bandwidth.
import { busFactor } from "worldsize";
import { type Answer, defineExercise, draws, formed, Wrong } from "worldsize/exercise";
import { parts, runVirtual, uniformNetwork } from "worldsize/sim";

interface Link {
  readonly alpha: number;
  readonly bandwidth: number;
}

interface LinkAnswer extends Answer {
  speedup(n: number, bytes: number, fast: Link, slow: Link): number;
  halfSize(n: number, link: Link): number;
}

const nvlink: Link = { alpha: parts.nvlink4.latency.simple, bandwidth: parts.nvlink4.bandwidth };
const pcie: Link = { alpha: parts.pcie5.latency.simple, bandwidth: parts.pcie5.bandwidth };

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

/** Known ones first, among them links of which the wider has the longer way; the last four are drawn anew. */
function casesOf(seed: number): Case[] {
  const random = draws(seed);
  const sizes = [65_536, 1_048_576, 67_108_864];
  const cases: Case[] = [8, 4, 2, 16].flatMap((n) => sizes.map((bytes) => ({ n, bytes, fast: nvlink, slow: pcie })));
  const far: Link = { alpha: 2e-5, bandwidth: 1e11 };
  const near: Link = { alpha: 4e-6, bandwidth: 1.25e10 };
  for (const n of [3, 6])
    for (const each of [1, 4096, 1e6]) cases.push({ n, bytes: 4 * n * each, fast: far, slow: near });
  for (let i = 0; i < 4; i++) {
    const n = 2 + Math.floor(random() * 15);
    const drawn = (): Link => ({ alpha: 10 ** (-6 + random()), bandwidth: 10 ** (9 + 2 * random()) });
    cases.push({ n, bytes: 4 * n * Math.floor(10 ** (3 + 3 * random())), fast: drawn(), slow: drawn() });
  }
  return cases;
}

interface Report {
  readonly speedup: number;
  readonly half: number;
  /** Of the slow link. */
  readonly slowHalf: number;
}

export default defineExercise<readonly Report[]>({
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
      answer: (outcome) => Number((outcome.reports[0] as Report[])[0].speedup.toPrecision(2)),
      because:
        "Latency decides: 5.7 against 3.4 µs per step. At 64 MiB it is 6.3: most of the ratio of bandwidths, which is 7.1.",
    },
  ],
  async run(answer, { seed }) {
    const { speedup, halfSize } = answer as LinkAnswer;
    return casesOf(seed).map(({ n, bytes, fast, slow }) => ({
      speedup: speedup(n, bytes, { ...fast }, { ...slow }),
      half: halfSize(n, { ...fast }),
      slowHalf: halfSize(n, { ...slow }),
    }));
  },
  judge(outcome) {
    const reports = outcome.reports[0];
    for (const [i, { n, bytes, fast, slow }] of casesOf(outcome.seed).entries()) {
      const what = `n = ${n}, ${bytes} bytes, ${words(fast)} against ${words(slow)}`;
      const got = formed<number>(reports[i].speedup, "number", `${what}: speedup`);
      const right = ring(n, bytes, slow) / ring(n, bytes, fast);
      if (!close(got, right)) {
        const said = `${what}: speedup says ${Number(got.toPrecision(4))}, on virtual time it is ${right.toPrecision(4)}.`;
        throw new Wrong("the speed-up", said + whySpeedup(got, right, { n, bytes, fast, slow }));
      }
      judgeHalf(n, fast, slow, reports[i].half);
      judgeHalf(n, slow, fast, reports[i].slowHalf);
    }
  },
});

const words = ({ alpha, bandwidth }: Link): string =>
  `${(alpha * 1e6).toPrecision(2)} µs and ${(bandwidth / 1e9).toPrecision(3)} GB/s`;
const close = (a: number, b: number): boolean => Math.abs(a / b - 1) < 0.01;

/** What a wrong ratio hints at; nothing where it could be several things. */
function whySpeedup(got: number, right: number, { n, bytes, fast, slow }: Case): string {
  const whole = (link: Link): number => link.alpha + bytes / link.bandwidth;
  const guesses: [number, string][] = [
    [1 / right, " It is upside down."],
    [fast.bandwidth / slow.bandwidth, " That is the ratio of bandwidths: what became of latency?"],
    [slow.alpha / fast.alpha, " That is the ratio of latencies: what became of bandwidth?"],
    [
      whole(slow) / whole(fast),
      ` It would be so if each step moved the whole tensor and not 1/${n} of it${n === 8 ? ", or if bytes were counted in bits" : ""}.`,
    ],
    [100 * (right - 1), " That is in percent; how many times as fast is asked for."],
    [right < 1 ? 1 : Number.NaN, " It may well be below 1."],
  ];
  const fitting = guesses.filter(([guess]) => close(got, guess));
  return fitting.length === 1 ? fitting[0][1] : "";
}

/** @throws Wrong when the bus bandwidth at this size is not half of the link's. */
function judgeHalf(n: number, link: Link, other: Link, value: unknown): void {
  const what = `n = ${n}, ${words(link)}`;
  const half = formed<number>(value, "number", `${what}: halfSize`);
  if (!(half > 0 && half < 1e15)) {
    throw new Wrong(
      "the half size",
      `${what}: halfSize says ${half}; it should be a number of bytes, above 0 and below 1e15.`,
    );
  }
  const share = ((half / ring(n, half, link)) * busFactor("allReduce", n)) / link.bandwidth;
  if (Math.abs(share - 0.5) < 0.004) return;
  const isAlgorithms = Math.abs(share / busFactor("allReduce", n) - 0.5) < 0.004;
  const isChunk = close(half, link.alpha * link.bandwidth);
  const hint = isAlgorithms
    ? " There algbw is half of it: busbw is asked for."
    : isChunk
      ? ` That is the size of a chunk, 1/${n} of the tensor.`
      : close(half, n * other.alpha * other.bandwidth)
        ? ` That is the size for ${words(other)}.`
        : ` It is ${(half / (n * link.alpha * link.bandwidth)).toPrecision(3)} times the right size.`;
  throw new Wrong(
    "the half size",
    `${what}: halfSize says ${Math.round(half)} bytes; there the bus bandwidth is ${(100 * share).toPrecision(3)} % of the link's, not 50 %.${hint}`,
  );
}
