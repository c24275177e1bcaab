// A small decoder with a mixture is trained on text four times: with nothing that balances its experts, and with each of the
// remedies. How often each expert was chosen, what was dropped, and what it did to the loss.
import { AdamW, defineScript, MoE, number, string, type Tensor } from "worldsize";
import type { Decoder } from "worldsize/models";
import { moveBiasOver, ParallelDecoder, parseLayout } from "worldsize/parallel";
import { batchOf, expertsFor, mixtureText } from "../lib/mixture-text.ts";

/** Ways to train, by name: factors of the terms of the loss, and whether a bias is moved. */
const WAYS = {
  nothing: { auxiliary: 0, zLoss: 0, biased: false },
  auxiliary: { auxiliary: 0.05, zLoss: 0, biased: false },
  bias: { auxiliary: 0, zLoss: 0, biased: true },
  "z-loss": { auxiliary: 0, zLoss: 0.01, biased: false },
} as const;
type Way = keyof typeof WAYS;

export default defineScript({
  about: "Trains a mixture of experts with and without what keeps its experts busy.",
  ranks: 2,
  options: {
    ways: string(Object.keys(WAYS).join(" "), "which of nothing, auxiliary, bias and z-loss"),
    steps: number(48, "steps of training", { min: 2, max: 10_000, integer: true }),
    ranges: number(4, "parts of the run that loads are shown for", { min: 1, max: 16, integer: true }),
    experts: number(undefined, "experts, over all ranks (default: 8, or the next number that the ranks divide)", {
      ...{ min: 2, max: 64, integer: true },
    }),
    perToken: number(1, "experts of each token", { min: 1, max: 8, integer: true }),
    capacity: number(1.5, "factor of an expert's capacity"),
    stories: number(8, "stories of a step, over all ranks", { min: 1, max: 256, integer: true }),
    speed: number(0.02, "how far a bias moves in a step", { min: 0, max: 1 }),
    rate: number(0.01, "learning rate", { min: 1e-6, max: 1 }),
  },
  quick: { options: { ways: "nothing bias", steps: 3, ranges: 1, stories: 2 } },
  async main({ world, device, options, show }) {
    const { steps, perToken, capacity, speed } = options;
    const ranges = Math.min(options.ranges, steps);
    const { rank, size } = world;
    const experts = options.experts ?? expertsFor(size, 8);
    const ways = options.ways.split(/\s+/).filter(Boolean);
    const unknown = ways.find((way) => !(way in WAYS));
    if (unknown) throw new RangeError(`--ways: there is no "${unknown}". Choose of ${Object.keys(WAYS).join(", ")}.`);
    const summary: Record<string, string | number>[] = [];
    for (const way of ways as Way[]) {
      const text = mixtureText({ experts, perToken, hidden: 32, longest: 48, mixture: { ...WAYS[way], capacity } });
      const parallel = await ParallelDecoder.create(world, device, text.config, parseLayout(`dp${size}.ep${size}`));
      const group = parallel.mesh.group("copies", "dp", "ep", "cp");
      const moe = (parallel.model as Decoder).layers.at(-1)?.mlp;
      if (!(moe instanceof MoE)) throw new Error("The last block has no mixture.");
      const optimizer = new AdamW(parallel.model.parameters(), { lr: options.rate });

      // Σ over tokens of the router's entropy, and of (log Σ exp scores)²; then this range's loads, drops and choices.
      const sums = device.zeros([2]);
      moe.router.registerForwardHook((_, logits) => device.noGrad(() => addScores(sums, logits)));
      let counts = new Float64Array(experts);
      let [loss, tokens, dropped, range, from] = [0, 0, 0, 0, 0];
      for (let step = 0; step < steps; step++) {
        const all = text.stories(step * options.stories, options.stories);
        const batch = batchOf(parallel.shareOf(all));
        const count = batchOf(all).weights.reduce((sum, each) => sum + each, 0);
        moe.resetLoad();
        const mean = await parallel.synchronize(await parallel.run([batch], count));
        const load = [...(await moe.load.data())];
        const most = moe.capacityOf(batch.tokens.length) ?? 0;
        for (const [e, each] of load.entries()) {
          counts[e] += each;
          dropped += Math.max(0, each - most);
        }
        tokens += batch.tokens.length;
        loss += mean;
        optimizer.step();
        optimizer.zeroGrad();
        if (WAYS[way].biased) moveBiasOver(parallel.model, group, speed);
        if ((step + 1) * ranges < (range + 1) * steps) continue;
        const told = await world.allGatherObject({
          ...{ counts: [...counts], dropped, tokens, sums: [...(await sums.data())] },
        });
        const add = (of: (each: (typeof told)[number]) => number): number =>
          told.reduce((sum, each) => sum + of(each), 0);
        const loads = Array.from(counts, (_, e) => add((each) => each.counts[e]));
        const read = add((each) => each.tokens);
        if (rank === 0) {
          const last = {
            "last steps": `${from + 1} to ${step + 1}`,
            loss: (loss / (step + 1 - from)).toFixed(3),
            "busiest / mean": ((Math.max(...loads) * experts) / (read * perToken)).toFixed(2),
            dropped: `${((100 * add((each) => each.dropped)) / (read * perToken)).toFixed(1)} %`,
            entropy: (add((each) => each.sums[0]) / read).toFixed(2),
            "z²": (add((each) => each.sums[1]) / read).toFixed(1),
          };
          if (range === 0)
            show.line(`${way}: share of choices of each expert, balanced at ${(100 / experts).toFixed(1)} %`);
          for (const line of barsOf(loads, `steps ${last["last steps"]}`)) show.line(line);
          if (range === ranges - 1) summary.push({ with: way, ...last });
        }
        [counts, loss, tokens, dropped, range, from] = [new Float64Array(experts), 0, 0, 0, range + 1, step + 1];
        sums.fill_(0);
      }
      parallel.dispose();
    }
    if (rank !== 0) return;
    show.table(
      summary,
      `${experts} experts, ${perToken} per token, capacity ${capacity}; entropy at most ${Math.log(experts).toFixed(2)}`,
    );
  },
});

/** Adds up, over the tokens, the entropy of the router's shares, and the square of log Σ exp. */
function addScores(sums: Tensor, logits: Tensor): void {
  const top = logits.max(-1, true);
  const shifted = logits.sub(top);
  const total = shifted.exp().sum(-1, true);
  const logs = shifted.sub(total.log());
  const z = total.log().add(top);
  sums.slice(0, 0, 1).sub_(logs.exp().mul(logs).sum().reshape([1]));
  sums.slice(0, 1, 2).add_(z.mul(z).sum().reshape([1]));
}

/** A line of bars of one height: eighths of a block for each expert's share, with numbers below it. */
function barsOf(loads: readonly number[], name: string): string[] {
  const all = loads.reduce((a, b) => a + b, 0) || 1;
  const lines: string[] = [];
  for (let first = 0; first < loads.length; first += 8) {
    const cells = loads.slice(first, first + 8).map((load) => `${Math.round((100 * load) / all)}`.padStart(3));
    lines.push(
      `  ${(first === 0 ? name : "").padEnd(16)}${cells.map((cell, i) => `${cell} ${bar(loads[first + i] / all)}`).join("")}`,
    );
  }
  return lines;
}

/** Up to four characters, of a quarter of all choices each. */
function bar(share: number): string {
  const eighths = Math.round(32 * share);
  const full = "█".repeat(Math.floor(eighths / 8));
  return `${full}${" ▏▎▍▌▋▊▉"[eighths % 8].trim()}`.padEnd(4);
}
