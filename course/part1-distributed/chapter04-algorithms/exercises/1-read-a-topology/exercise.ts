// Checks 4.1: a ring of all GPUs whose slowest link is as good as any ring's, on known and on drawn matrices.
import { type Answer, defineExercise, draws, Wrong } from "worldsize/exercise";

type Between = Record<string, Record<string, string>>;

interface TopologyAnswer extends Answer {
  bestRing(names: string[], between: Between): string[];
}

const slowest = ["SYS", "NODE", "PHB", "PXB", "PIX"];
/** Larger is faster. */
const speed = (entry: string): number =>
  entry.startsWith("NV") ? 10 + Number(entry.slice(2)) : slowest.indexOf(entry);

interface Case {
  readonly what: string;
  readonly names: readonly string[];
  readonly between: Between;
}

/** @param entry of GPUs a < b. */
function matrix(count: number, entry: (a: number, b: number) => string): Omit<Case, "what"> {
  const names = Array.from({ length: count }, (_, i) => `GPU${i}`);
  const between: Between = Object.fromEntries(names.map((name) => [name, { [name]: "X" }]));
  for (let a = 0; a < count; a++) {
    for (let b = a + 1; b < count; b++) between[names[a]][names[b]] = between[names[b]][names[a]] = entry(a, b);
  }
  return { names, between };
}

function casesOf(seed: number): Case[] {
  const entries = ["SYS", "NODE", "PHB", "PXB", "PIX", "NV1", "NV2", "NV4", "NV12"];
  // A good ring in a hidden order, with faster links beside it that lead astray.
  const hidden = (count: number): Omit<Case, "what"> => {
    const rank = Array.from({ length: count }, (_, i) => draws(seed, count, i)());
    const order = Array.from({ length: count }, (_, i) => i).sort((a, b) => rank[a] - rank[b]);
    const next = (a: number, b: number): boolean =>
      [1, count - 1].includes(Math.abs(order.indexOf(a) - order.indexOf(b)));
    const astray = ["SYS", "NODE", "PHB", "NV12"];
    return matrix(count, (a, b) => (next(a, b) ? "NV2" : astray[Math.floor(draws(seed, count, a, b)() * 4)]));
  };
  const random = draws(seed);
  const socket = (gpu: number): number => Math.floor(gpu / 3);
  return [
    { what: "four GPUs on one NVSwitch", ...matrix(4, () => "NV12") },
    { what: "two pairs", ...matrix(4, (a, b) => (a + 1 === b && a % 2 === 0 ? "NV4" : "SYS")) },
    { what: "PCIe without NVLink", ...matrix(4, (a, b) => (a + 1 === b && a % 2 === 0 ? "SYS" : "PXB")) },
    {
      what: "a chain that does not close",
      ...matrix(5, (a, b) => (b === a + 1 ? "NV2" : a === 0 && b === 4 ? "SYS" : "NV1")),
    },
    {
      what: "links of different width",
      ...matrix(4, (a, b) => (b === a + 2 || (a === 0 && b === 3) || (a === 1 && b === 2) ? "NV2" : "NV1")),
    },
    {
      what: "six GPUs of two sockets",
      ...matrix(6, (a, b) => (socket(a) === socket(b) ? "PIX" : a === 2 && b === 3 ? "PHB" : "SYS")),
    },
    { what: "a hidden ring of 6", ...hidden(6) },
    { what: "a hidden ring of 7", ...hidden(7) },
    { what: "drawn at random", ...matrix(6, () => entries[Math.floor(random() * entries.length)]) },
    { what: "two GPUs", ...matrix(2, () => "PHB") },
  ];
}

/** The slowest link of a ring. */
function weakest(ring: readonly string[], between: Between): { a: string; b: string; entry: string } {
  const links = ring
    .map((a, i) => ({ a, b: ring[(i + 1) % ring.length] }))
    .map(({ a, b }) => ({ a, b, entry: between[a][b] }));
  return links.reduce((worst, link) => (speed(link.entry) < speed(worst.entry) ? link : worst));
}

/** The best that any ring's slowest link can be. */
function best(names: readonly string[], between: Between): string {
  let found = "";
  const walk = (ring: string[], rest: readonly string[]): void => {
    if (rest.length === 0) {
      const { entry } = weakest(ring, between);
      if (found === "" || speed(entry) > speed(found)) found = entry;
    }
    for (const next of rest)
      walk(
        [...ring, next],
        rest.filter((name) => name !== next),
      );
  };
  walk([names[0]], names.slice(1));
  return found;
}

export default defineExercise<readonly (readonly string[])[]>({
  number: "4.1",
  title: "Read a topology",
  exports: ["bestRing"],
  worlds: [1],
  interleavings: 1,
  hints: [
    "Give every entry a number, larger for faster; NV12 beats NV4, and any NV beats PIX. The value of a ring is the smallest number on it.",
    "The first name can stay first: a ring has no beginning. Try all orders of the others, 720 for seven GPUs, and keep the best. Do not forget the link that closes the ring.",
    "const walk = (ring, rest) => { if (rest.length === 0) compare(ring); for (const next of rest) walk([...ring, next], rest.filter((name) => name !== next)); }; walk([names[0]], names.slice(1));",
  ],
  questions: [
    {
      ask: "Four GPUs; 0-1 and 2-3 are joined by NV4, all other pairs by SYS. What is the slowest link of the best ring?",
      choices: ["NV4", "SYS", "PIX"],
      world: 1,
      answer: (outcome) => {
        const { between } = casesOf(outcome.seed)[1];
        return weakest((outcome.reports[0] as string[][])[1], between).entry;
      },
      because:
        "A ring of four crosses between the pairs twice, whatever the order: two fast links do not help the other two.",
    },
  ],
  async run(answer, { seed }) {
    const { bestRing } = answer as TopologyAnswer;
    return casesOf(seed).map(({ names, between }) => bestRing([...names], structuredClone(between)));
  },
  judge(outcome) {
    const rings = outcome.reports[0];
    for (const [i, { what, names, between }] of casesOf(outcome.seed).entries()) {
      const ring = rings[i];
      const whole = Array.isArray(ring) && [...ring].sort().join() === [...names].sort().join();
      outcome.must(
        whole,
        "a ring",
        `${what}: it returned ${JSON.stringify(ring)}; a ring has each of ${names.join(", ")} once.`,
      );
      const { a, b, entry } = weakest(ring, between);
      const wanted = best(names, between);
      if (speed(entry) >= speed(wanted)) continue;
      const closing = a === ring.at(-1) && b === ring[0] ? " It is the link that closes the ring." : "";
      throw new Wrong(
        "the slowest link",
        `${what}: the ring ${ring.join(" ")} has ${entry} between ${a} and ${b}; there is a ring with nothing slower than ${wanted}.${closing}`,
      );
    }
  },
});
