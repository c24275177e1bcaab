// What the judge of 2.3 knows and looks at; exercise.ts says how answers are fed.
import { counted, formed, mostUnderWay, type Outcome, Wrong } from "worldsize/exercise";

type Events = ReturnType<Outcome["events"]>;

export const halves = ["blocking", "windowed"] as const;
type Half = (typeof halves)[number];
const windows = { blocking: 1, windowed: 4 };

/** By run: what is measured, and the milliseconds that each look at the clock costs. All times are whole numbers. */
export const cases = [
  { sizes: [8, 64, 512], rounds: 8, tick: () => 10 },
  { sizes: [300, 1, 20], rounds: 4, tick: (look: number) => 2 * look + 1 },
  { sizes: [1000], rounds: 20, tick: () => 7 },
  { sizes: [16, 4096], rounds: 8, tick: (look: number) => look + 3 },
];

/** Different curves, to be drawn. */
export const curvesOf = (sizes: readonly number[]) => ({
  blocking: sizes.map((_, i) => 40.5 - i),
  windowed: sizes.map((_, i) => 12.25 + 2 * i),
});

export interface Measured {
  readonly figures: unknown;
  readonly began: number;
  readonly ended: number;
  /** When the clock was looked at, and how often. */
  readonly looks: readonly number[];
  readonly looked: number;
  /** The list that it was handed, afterwards. */
  readonly sizes: unknown;
}

export interface Report extends Record<Half, Measured> {
  /** What was handed to show.plot. */
  readonly plots: readonly unknown[];
}

/** What a rank did in one of the halves. */
function eventsOf({ traffic, reports }: Outcome<Report>, half: Half, rank: number): Events {
  const { blocking, windowed } = reports[rank];
  const middle = (blocking.ended + windowed.began) / 2;
  return traffic[rank].events.filter(({ time }) => time < middle === (half === "blocking"));
}

/** What was sent, and how much of it at a time. */
export function judgeMessages(outcome: Outcome<Report>, half: Half, rank: number): void {
  const { sizes, rounds } = cases[outcome.variant];
  const events = eventsOf(outcome, half, rank);
  const sends = events.filter(({ event }) => event === "send");
  const calls = events.flatMap(({ event, operation }) => (event === "issue" ? [outcome.calls(rank)[operation]] : []));
  const fail = (property: string, message: string): never => {
    throw new Wrong(property, `in ${half} at world size ${outcome.size}, rank ${rank} ${message}`);
  };
  if (rank > 1 && calls.length > 0) fail("messages", `called ${calls[0].text}; only ranks 0 and 1 take part.`);
  if (rank > 1) return;
  if (rank === 1 && sends.length > 0) {
    fail("messages", `sent ${counted(sends.length, "message")}; all messages go from rank 0 to rank 1.`);
  }
  const astray = sends.find(({ peer }) => peer !== 1);
  if (astray) fail("messages", `sent to rank ${astray.peer}; all messages go to rank 1.`);
  const odd = calls.find(({ text }) => !/^\w+\(u8\[/.test(text));
  if (odd) fail("u8", `called ${odd.text}${odd.site && ` (${odd.site})`}; the messages should be u8.`);
  for (const size of rank === 0 ? sizes : []) {
    const count = sends.filter(({ bytes }) => bytes === size).length;
    if (count === rounds) continue;
    const seen = [...new Set(sends.map(({ bytes = 0 }) => bytes))].join(", ");
    const asked = `sizes = [${sizes.join(", ")}] and rounds = ${rounds}`;
    const hint = count > 0 || seen === "" ? "" : ` The bytes of its messages: ${seen}.`;
    fail(
      "messages",
      `sent ${counted(count, "message")} of ${counted(size, "byte")}; ${asked} ask for ${rounds}.${hint}`,
    );
  }
  if (rank === 0 && sends.length > sizes.length * rounds) {
    fail("messages", `sent ${counted(sends.length, "message")}; there are ${sizes.length} sizes of ${rounds} rounds.`);
  }
  if (outcome.settings.transport !== "local") return;
  const { begun, kept } = mostUnderWay(events);
  const wanted = windows[half];
  if (begun > wanted)
    fail("in flight", `had ${counted(begun, "message")} in flight at a time; it should be ${wanted}.`);
  if (kept < wanted) fail("in flight", `never had more than ${kept} in flight at a time; it should be ${wanted}.`);
}

/** Where the clock was looked at, and what came of it. */
export function judgeFigures(outcome: Outcome<Report>, half: Half, rank: number): void {
  const { sizes, rounds, tick } = cases[outcome.variant];
  const { figures, looks, looked, sizes: after } = outcome.reports[rank][half];
  const where = `in ${half}, rank ${rank}`;
  const got = formed<number[]>(figures, ["number"], `on rank ${rank}, ${half}(…)`);
  const wanted = 2 * sizes.length;
  outcome.must(
    looked === wanted,
    "the clock",
    `${where} looked at the clock ${counted(looked, "time")}; one look before the first and one after the last message of each of ` +
      `${counted(sizes.length, "size")} makes ${wanted}. Every look costs time.`,
  );
  const events = eventsOf(outcome, half, rank);
  const order = events.flatMap(({ event, operation }) => (event === "issue" ? [operation] : []));
  const sizeOf = (i: number): number | undefined =>
    events.find(({ operation, bytes }) => bytes !== undefined && operation === order[i * rounds])?.bytes;
  const places = sizes.map((size, i) => [...sizes.keys()].find((at) => sizeOf(at) === size) ?? i);
  for (const [i, size] of outcome.settings.transport === "local" ? sizes.entries() : []) {
    const ours = order.slice(places[i] * rounds, (places[i] + 1) * rounds);
    const times = events.flatMap(({ operation, time }) => (ours.includes(operation) ? [time] : []));
    const messages = `of the ${rounds} messages of ${counted(size, "byte")}`;
    const early = looks[2 * places[i]] > Math.min(...times) ? `after the first ${messages} had begun` : "";
    const late = looks[2 * places[i] + 1] < Math.max(...times) ? `before the last ${messages} was over` : "";
    outcome.must(!early && !late, "the clock", `${where} looked at the clock ${early || late}.`);
  }
  outcome.must(
    got.length === sizes.length,
    "the times",
    `${half} returned ${counted(got.length, "number")} on rank ${rank}; there are ${counted(sizes.length, "size")}.`,
  );
  for (const [i, figure] of got.entries()) {
    const spent = tick(2 * places[i] + 2);
    const right = (spent * 1000) / rounds;
    if (Math.abs(figure - right) <= 1e-6 * right) continue;
    const near = (other: number): boolean => Math.abs(figure - other) <= 1e-6 * other;
    const hint = near(spent / rounds)
      ? " Those are milliseconds."
      : near(spent * 1000)
        ? " That is the time of all rounds together."
        : near(right * windows.windowed)
          ? " That is the time of 4 messages."
          : "";
    throw new Wrong(
      "the times",
      `${half} says ${figure} µs per message of ${counted(sizes[i], "byte")} on rank ${rank}; between its two looks at the clock ` +
        `${spent} ms went by for ${rounds} messages, which is ${right} µs each.${hint}`,
    );
  }
  const kept = formed<number[]>(after, ["number"], `the list of sizes that ${half} was handed, afterwards`);
  const same = kept.join() === sizes.join();
  outcome.must(
    same,
    "its inputs",
    `${where} changed the list of sizes to [${kept.join(", ")}]; it belongs to the caller.`,
  );
}

/** One plot, two curves. */
export function judgePlot({ reports, variant }: Outcome<Report>): void {
  const curves = curvesOf(cases[variant].sizes);
  const { plots } = reports[0];
  if (plots.length !== 1)
    throw new Wrong("the plot", `draw showed ${counted(plots.length, "plot")}; it should show one.`);
  const series = formed<{ name: string; y: number[] }[]>(
    plots[0],
    [{ name: "string", y: ["number"] }],
    "show.plot: series",
  );
  const names = series.map(({ name }) => name);
  if ([...names].sort().join() !== halves.join()) {
    throw new Wrong(
      "the plot",
      `the plot has the curves ${names.join(", ") || "none"}; it should have blocking and windowed.`,
    );
  }
  for (const { name, y } of series) {
    const wanted = curves[name as Half];
    if (y.join() === wanted.join()) continue;
    const hint =
      y.join() === curves[name === "blocking" ? "windowed" : "blocking"].join() ? " That is the other curve." : "";
    throw new Wrong(
      "the plot",
      `the curve ${name} shows [${y.join(", ")}]; draw was handed [${wanted.join(", ")}] for it, as ${name === "blocking" ? "a" : "b"}.${hint}`,
    );
  }
}
