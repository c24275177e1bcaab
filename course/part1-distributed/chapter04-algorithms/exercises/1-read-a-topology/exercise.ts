// Checks 4.1: a ring of all GPUs whose slowest link is as good as any ring's, on known and on drawn matrices.
import { type Answer, defineExercise, draws, formed, Wrong, wordsOfValue } from "worldsize/exercise";

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

const numbered = (count: number): string[] => Array.from({ length: count }, (_, i) => `GPU${i}`);

/** @param entry of GPUs a < b. */
function matrix(names: readonly string[], entry: (a: number, b: number) => string): Omit<Case, "what"> {
  const between: Between = Object.fromEntries(names.map((name) => [name, { [name]: "X" }]));
  for (let a = 0; a < names.length; a++) {
    for (let b = a + 1; b < names.length; b++) {
      between[names[a]][names[b]] = between[names[b]][names[a]] = entry(a, b);
    }
  }
  return { names, between };
}

/** Neighbours in the table, and numbers of NVLinks that strings and digits compare wrongly. */
const pairs = ["SYS NODE", "NODE PHB", "PHB PXB", "PXB PIX", "PIX NV1", "NV4 NV12", "NV2 NV12", "NV9 NV10", "NV1 NV2"];

/** Three ways to pair four GPUs: each ring uses two of them, so the best one leaves out the slowest. */
function comparisons(): Case[] {
  const ways = (a: number, b: number): number => (a + b === 3 ? 0 : Math.abs(a - b) === 2 ? 1 : 2);
  const orders = [
    [0, 1, 2],
    [0, 2, 1],
    [1, 0, 2],
    [1, 2, 0],
    [2, 0, 1],
    [2, 1, 0],
  ]; // prettier on one line
  return pairs.flatMap((pair) => {
    const entries = [...pair.split(" "), "NV18"];
    const what = `four GPUs joined by ${entries[0]}, ${entries[1]} and NV18`;
    return orders.map((order) => ({ what, ...matrix(numbered(4), (a, b) => entries[order[ways(a, b)]]) }));
  });
}

/** A good ring in a hidden order, with faster links beside it that lead astray. */
function hidden(names: readonly string[], seed: number): Omit<Case, "what"> {
  const count = names.length;
  const place = names.map((_, i) => draws(seed, count, i)());
  const order = names.map((_, i) => i).sort((a, b) => place[a] - place[b]);
  const astray = ["SYS", "NODE", "PHB", "NV12"];
  return matrix(names, (a, b) => {
    const isNext = [1, count - 1].includes(Math.abs(order.indexOf(a) - order.indexOf(b)));
    return isNext ? "NV2" : astray[Math.floor(draws(seed, count, a, b)() * 4)];
  });
}

/** Known ones first; only the last three are drawn anew. */
function casesOf(seed: number): Case[] {
  const entries = ["SYS", "NODE", "PHB", "PXB", "PIX", "NV1", "NV2", "NV4", "NV8", "NV12", "NV18"];
  const socket = (gpu: number): number => Math.floor(gpu / 3);
  const isPair = (a: number, b: number): boolean => a + 1 === b && a % 2 === 0;
  const random = draws(seed);
  return [
    { what: "four GPUs on one NVSwitch", ...matrix(numbered(4), () => "NV12") },
    { what: "two pairs", ...matrix(numbered(4), (a, b) => (isPair(a, b) ? "NV4" : "SYS")) },
    { what: "PCIe without NVLink", ...matrix(numbered(4), (a, b) => (isPair(a, b) ? "SYS" : "PXB")) },
    {
      what: "a chain that does not close",
      ...matrix(numbered(5), (a, b) => (b === a + 1 ? "NV2" : a === 0 && b === 4 ? "SYS" : "NV1")),
    },
    {
      what: "links of different width",
      ...matrix(numbered(4), (a, b) => (b === a + 2 || (a === 0 && b === 3) || (a === 1 && b === 2) ? "NV2" : "NV1")),
    },
    {
      what: "six GPUs of two sockets",
      ...matrix(numbered(6), (a, b) => (socket(a) === socket(b) ? "PIX" : a === 2 && b === 3 ? "PHB" : "SYS")),
    },
    ...comparisons(),
    { what: "GPUs with names of their own", ...hidden(["left", "right", "top", "GPU10", "GPU9"], 1) },
    { what: "three GPUs", ...matrix(numbered(3), (a) => ["SYS", "PIX"][a]) },
    { what: "two GPUs", ...matrix(numbered(2), () => "PHB") },
    ...[2, 3, 4].map((fixed) => ({ what: "a hidden ring of 6", ...hidden(numbered(6), fixed) })),
    ...[5, 6, 7].map((fixed) => ({ what: "a hidden ring of 7", ...hidden(numbered(7), fixed) })),
    { what: "a hidden ring of 6, drawn by the seed", ...hidden(numbered(6), seed) },
    { what: "a hidden ring of 7, drawn by the seed", ...hidden(numbered(7), seed) },
    { what: "drawn by the seed", ...matrix(numbered(6), () => entries[Math.floor(random() * entries.length)]) },
  ];
}

/** The slowest link of a ring. */
function weakest(ring: readonly string[], between: Between): { a: string; b: string; entry: string } {
  const links = ring
    .map((a, i) => ({ a, b: ring[(i + 1) % ring.length] }))
    .map(({ a, b }) => ({ a, b, entry: between[a][b] }));
  return links.reduce((worst, link) => (speed(link.entry) < speed(worst.entry) ? link : worst));
}

/** The best that any ring's slowest link can be, and such a ring. */
function best(names: readonly string[], between: Between): { wanted: string; example: readonly string[] } {
  let found = "";
  let example: readonly string[] = names;
  const walk = (ring: string[], rest: readonly string[]): void => {
    if (rest.length === 0) {
      const { entry } = weakest(ring, between);
      if (found === "" || speed(entry) > speed(found)) [found, example] = [entry, ring];
    }
    for (const next of rest)
      walk(
        [...ring, next],
        rest.filter((name) => name !== next),
      );
  };
  walk([names[0]], names.slice(1));
  return { wanted: found, example };
}

interface Report {
  readonly ring: readonly string[];
  /** Which of names and matrix is not as it was, and the names afterwards. */
  readonly changed: "" | "names" | "between";
  readonly after: readonly string[];
}

export default defineExercise<readonly Report[]>({
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
        return weakest((outcome.reports[0] as Report[])[1].ring, between).entry;
      },
      because:
        "A ring of four crosses between the pairs twice, whatever the order: two fast links do not help the other two.",
    },
  ],
  async run(answer, { seed }) {
    return casesOf(seed).map(({ names, between }) => {
      const handed = { names: [...names], between: structuredClone(between) };
      const ring = (answer as TopologyAnswer).bestRing(handed.names, handed.between);
      const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
      const changed = !isSame(handed.names, names) ? "names" : isSame(handed.between, between) ? "" : "between";
      return { ring, changed, after: handed.names };
    });
  },
  judge(outcome) {
    const reports = outcome.reports[0];
    for (const [i, { what, names, between }] of casesOf(outcome.seed).entries()) {
      const ring = formed<string[]>(reports[i].ring, ["string"], `${what}: bestRing(names, between)`);
      const twice = ring.find((name, at) => ring.indexOf(name) !== at);
      const missing = names.find((name) => !ring.includes(name));
      const odd = ring.find((name) => !names.includes(name));
      const fault =
        odd !== undefined
          ? `There is no ${JSON.stringify(odd)}.`
          : twice !== undefined
            ? `${twice} is there twice.`
            : `${missing} is missing.`;
      outcome.must(
        ring.length === names.length && (odd ?? twice ?? missing) === undefined,
        "a ring",
        `${what}: it returned [${ring.slice(0, 12).join(", ")}]; a ring has each of ${names.join(", ")} once. ${fault}`,
      );
      const { a, b, entry } = weakest(ring, between);
      const { wanted, example } = best(names, between);
      if (speed(entry) < speed(wanted)) {
        const links = names.flatMap((one, k) => names.slice(k + 1).map((other) => between[one][other]));
        const fastest = links.reduce((x, y) => (speed(y) > speed(x) ? y : x));
        const isUsed = ring.some((name, k) => between[name][ring[(k + 1) % ring.length]] === fastest);
        const missed = isUsed
          ? ""
          : ` The fastest link, ${fastest}, is not in that ring: what does the program make of it?`;
        const closing = a === ring.at(-1) && b === ring[0] ? ", which closes the ring" : "";
        throw new Wrong(
          "the slowest link",
          `${what}: the ring ${ring.join(" ")} has ${entry} between ${a} and ${b}${closing}; there is a ring with nothing slower than ${wanted}: ${example.join(" ")}.${missed}`,
        );
      }
      const { changed, after } = reports[i];
      const now = changed === "names" ? `: names are now ${wordsOfValue(after)}` : "";
      outcome.must(
        changed === "",
        "names stay",
        `${what}: ${changed || "names"} are not as they were before the call${now}. They belong to the caller.`,
      );
    }
  },
});
