// The device by hand: what it means to launch, to wait, to order two streams by an event, to let
// communication and computation overlap, and to replay a graph. Each step is drawn as it was recorded.
import { type Context, defineScript, number, type Span } from "worldsize";

type Options = { size: number };

/** A step: what it shows, and what it does. */
interface Step {
  readonly title: string;
  readonly lesson: string;
  /** What it shows where streams run inline, if that is something else. */
  readonly inline?: string;
  run(context: Context<Options>): void | Promise<void>;
}

const steps: Step[] = [
  {
    title: "Launch",
    lesson: "The host is done long before its stream: a launch only writes a command.",
    inline: "Inline, the host runs each kernel itself: its row is as long as theirs.",
    run: ({ device, options: { size } }) => {
      const x = device.randn([size, size], { seed: 1 });
      for (let i = 0; i < 6; i++) x.matmul(x).dispose();
    },
  },
  {
    title: "Wait",
    lesson: "Reading a number makes the host wait, and the stream run dry: look for the gap in its row.",
    inline: "Inline there is nothing to wait for: the number exists when it is read. The gap is the host's thinking.",
    async run({ device, options: { size } }) {
      const x = device.randn([size, size], { seed: 1 });
      for (let i = 0; i < 3; i++) x.matmul(x).dispose();
      await x.sum().item();
      const until = performance.now() + 4; // the host thinks about the number
      while (performance.now() < until);
      for (let i = 0; i < 3; i++) x.matmul(x).dispose();
    },
  },
  {
    title: "Event",
    lesson: "Two streams run side by side; an event makes the second wait for the first, not the host.",
    inline: "Inline, the host runs both streams' kernels, in the order of their launch.",
    run({ device, options: { size } }) {
      const [first, second] = [device.raw.stream, secondStream(device)];
      const x = device.randn([size, size], { seed: 1 });
      for (let i = 0; i < 2; i++) x.matmul(x).dispose();
      second.waitFor(first.record());
      device.raw.withStream(second, () => {
        for (let i = 0; i < 3; i++) x.tanh().dispose();
      });
      for (let i = 0; i < 2; i++) x.matmul(x).dispose();
    },
  },
  {
    title: "Overlap, first without",
    lesson: "Each sum is awaited before the next product begins: the link and the arithmetic take turns.",
    async run({ device, world, options: { size } }) {
      const x = device.randn([size, size], { seed: 1 });
      for (let layer = 0; layer < 4; layer++) await world.allReduce(x.matmul(x));
    },
  },
  {
    title: "Overlap",
    lesson: "All sums are issued, and the stream waits for them at the end: the link works while products go on.",
    inline: "All sums are issued: the link works while the host runs the next product.",
    run({ device, world, options: { size } }) {
      const x = device.randn([size, size], { seed: 1 });
      const works = Array.from({ length: 4 }, () => world.allReduce(x.matmul(x)));
      for (const work of works) work.wait();
    },
  },
  {
    title: "Graph",
    lesson: "Four hundred launches, then eight commands that launch as many: the host's part is as good as gone.",
    inline: "Four hundred launches, then eight replays of as many: what is left of the host's part is the kernels.",
    async run({ device, span }) {
      const x = device.ones([64, 64]);
      const step = () => {
        for (let i = 0; i < 25; i++) x.copy_(x.tanh()); // two kernels each
        return undefined;
      };
      const graph = device.capture(step);
      for (const [name, run] of Object.entries({ "400 launches": step, "8 replays": () => graph.replay() })) {
        run();
        await device.synchronize(); // warm
        await span(name, () => {
          for (let i = 0; i < 8; i++) run();
        });
        await device.synchronize();
      }
    },
  },
];

/** The device's second stream: made once, because a stream is a thread. */
function secondStream({ raw }: Context["device"]) {
  return raw.streams[1] ?? raw.newStream();
}

/** Rows of a rank: its host, its compute streams, its communication. */
function lanesOf(rank: number, spans: readonly Span[]) {
  const row = (name: string, mine: (span: Span) => boolean) => ({
    name: `${rank} ${name}`,
    spans: spans.filter(mine).map(({ name: what, start, end }) => ({ name: what, start, end })),
  });
  const rows = [
    row("host", ({ lane }) => lane === "host"),
    row("stream 0", ({ lane, args }) => lane === "device" && !args?.stream),
    row("stream 1", ({ lane, args }) => lane === "device" && args?.stream === 1),
    row("link", ({ lane }) => lane === "comm"),
  ];
  return rows.filter(({ spans: found }) => found.length > 0);
}

export default defineScript({
  about: "Launch, wait, event, overlap over a slow link, graph: the device's streams by hand, drawn as recorded.",
  ranks: 2,
  traced: true,
  streams: "threaded",
  link: "1GB/s,20us",
  options: { size: number(512, "rows and columns of the matrices", { min: 8, max: 2048, integer: true }) },
  quick: { options: { size: 128 } },
  async main(context) {
    const { world, device, show, span, spans, now } = context;
    const { rank } = world;
    device.raw.withStream(secondStream(device), () => device.ones([1]).dispose()); // its thread starts before it is timed
    const isInline = device.raw.stream.mode === "inline";
    for (const { title, lesson, inline = lesson, run } of [{ ...steps[0], title: "" }, ...steps]) {
      await device.synchronize();
      await world.barrier();
      const start = now();
      await span(title === "Graph" ? "all of it" : "host", () => run(context));
      await device.synchronize();
      const end = now();
      const mine = (await spans()).filter((each) => each.start >= start && each.start <= end);
      const lanes = (await world.allGatherObject(lanesOf(rank, mine))).flat();
      if (title === "" || rank !== 0) continue; // the first time warms up
      show.timeline(lanes, `${title} (${(end - start).toFixed(1)} ms)`);
      show.line(`${isInline ? inline : lesson}\n`);
    }
  },
});
