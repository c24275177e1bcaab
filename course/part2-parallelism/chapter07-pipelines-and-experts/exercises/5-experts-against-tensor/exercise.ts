// Checks 7.5: runs a mixture of the library's three times, experts on ranks with even and with uneven choices, and experts cut by
// tensor parallelism, and compares what was recorded with what answers say.
import { initialize, Module, MoE, type Tensor, type TensorDevice } from "worldsize";
import { type Answer, defineExercise, type Outcome, plainOf } from "worldsize/exercise";
import { ExpertExchange, Mesh, mixturePlan, tensorParallel } from "worldsize/parallel";
import { type Bytes, choices, type Plan, plansOf, runOf } from "./cases.ts";
import { judgeBytes, judgeFewest, judgeRun, type Report } from "./judge.ts";

interface BytesAnswer extends Answer {
  expertBytes(plan: Plan): unknown;
  tensorBytes(plan: Plan): unknown;
  fewest(experts: number, perToken: number): unknown;
}

/** What a plan's path can name. */
class Layer extends Module<[x: Tensor]> {
  readonly moe: MoE;

  constructor(device: TensorDevice, { width, experts, perToken, ranks }: Plan) {
    super(device);
    this.moe = new MoE(device, width, 4 * ranks, { experts, perToken, normalize: perToken > 1 });
  }

  forward(x: Tensor): Tensor {
    return this.moe.call(x);
  }
}

export default defineExercise<Report>({
  number: "7.5",
  title: "Experts against tensor parallelism",
  exports: ["expertBytes", "tensorBytes", "fewest"],
  worlds: [2, 3, 5],
  interleavings: 2,
  hints: [
    "Count rows first. Experts on ranks: how many rows does a rank hand over in one exchange, what share of them stays, and how many exchanges are there? Tensor parallelism: of how many tokens does a rank compute its part?",
    "Dispatch and combine, forward and backward: four exchanges. In tensor parallelism each rank has its part of each expert, for the tokens of all ranks: two all_reduces of [tokens · ranks, width], each of which sends 2 (n - 1)/n of it. If one rank has all the chosen experts, it sends nothing in dispatch; what does it send in combine, and in which of the backward passes again?",
    "even: 4 exchanges × tokens × perToken × (n - 1)/n rows of 4 × width bytes. busiest: the rank with the experts sends (n - 1) × tokens × perToken rows twice. tensor: 4 (n - 1) × tokens rows. even / tensor is perToken / n.",
  ],
  questions: [
    {
      ask: "Two ranks, two experts for each token, evenly chosen. Which part of tensor parallelism's bytes do experts on ranks send, in percent?",
      world: 2,
      answer: (outcome) => {
        const { even, tensor } = recorded(outcome as Outcome<Report>);
        return Math.round((100 * even) / tensor);
      },
      because: "perToken / n = 2/2: 100 %. Each token goes to as many experts as there are ranks.",
    },
    {
      ask: "Three ranks, the same mixture, but all choices are of rank 0's experts. How many times as much does rank 0 send as each of the others?",
      world: 3,
      answer: (outcome) => {
        const [first, other] = [0, 1].map((rank) => recordedOn(outcome as Outcome<Report>, rank).uneven);
        return Math.round(first / other);
      },
      because:
        "Each of the others sends its rows forward, and gradients of results backward. Rank 0 sends the results and the gradients of the rows, to both: twice as much.",
    },
  ],
  async run(answer, { context: { world, device }, seed, variant }) {
    const { expertBytes, tensorBytes, fewest } = answer as BytesAnswer;
    const plan = runOf(world.size, variant);
    const told = [plan, ...plansOf(seed)].map((each) => ({
      experts: plainOf(expertBytes({ ...each })),
      tensor: plainOf(tensorBytes({ ...each })),
    }));
    const ranks = choices.map(([experts, perToken]) => plainOf(fewest(experts, perToken)));

    const { tokens, width, experts, perToken } = plan;
    const exchange = new ExpertExchange(world);
    exchange.makeRoom(world.size * tokens * perToken);
    // Barriers are marks in what is recorded.
    for (const of of [experts, experts / world.size]) {
      await world.barrier();
      const rows = device.randn([tokens * perToken, width], { seed: 1 }).requiresGrad_();
      const each = (tokens * perToken) / of;
      const starts = Int32Array.from({ length: experts + 1 }, (_, e) => Math.min(e, of) * each);
      const y = exchange.compute((given) => given.mul(2), rows, device.from(starts, [experts + 1], "i32"));
      y.sum().backward();
    }
    await world.barrier();
    const layer = new Layer(device, plan);
    initialize(layer, 0);
    await tensorParallel(layer, await Mesh.create(world, { tp: world.size }), mixturePlan("moe", "identical"));
    await world.barrier();
    const x = device.randn([tokens * world.size, width], { seed: 2 }).requiresGrad_();
    layer.call(x).sum().backward();
    await world.barrier();
    await device.synchronize();
    return { told, ranks };
  },
  judge(outcome) {
    judgeRun(outcome, recorded(outcome));
    judgeBytes(outcome);
    judgeFewest(outcome);
  },
});

/** What was recorded: on a rank with even choices, on the one that sent most with uneven ones, and cut. */
function recorded(outcome: Outcome<Report>): Bytes {
  const all = outcome.ranks.map((rank) => recordedOn(outcome, rank));
  return { even: all[0].even, busiest: Math.max(...all.map(({ uneven }) => uneven)), tensor: all[0].tensor };
}

/** Bytes that a rank sent. Of an all_reduce those of a ring: over shared memory it has no messages. */
function recordedOn(
  { traffic, size }: Outcome<Report>,
  rank: number,
): { even: number; uneven: number; tensor: number } {
  const { events, operations } = traffic[rank];
  let marks = 0;
  const phases = operations.map(({ kind }) => (kind === "barrier" ? marks++ : marks));
  const rows = (phase: number): number =>
    events
      .filter(
        ({ event, kind, operation }) => event === "send" && kind === "allToAllRows" && phases[operation] === phase,
      )
      .map(({ bytes = 0 }) => bytes)
      .filter((bytes) => bytes > 4) // a count has four
      .reduce((sum, bytes) => sum + bytes, 0);
  const reduced = operations
    .filter(({ kind }, i) => kind === "allReduce" && phases[i] === 4)
    .map(
      ({ text }) =>
        /\[([\d,]+)\]/
          .exec(text)?.[1]
          .split(",")
          .reduce((product, each) => product * Number(each), 4) ?? 0,
    );
  return {
    even: rows(1),
    uneven: rows(2),
    tensor: reduced.reduce((sum, bytes) => sum + (2 * (size - 1) * bytes) / size, 0),
  };
}
