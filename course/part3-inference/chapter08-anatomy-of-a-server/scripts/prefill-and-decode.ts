// Times the two kinds of a model's work: prompts by length, decode steps by how many sequences share them. Then a long prompt
// comes in while others decode, once whole and once in chunks.
import { defineScript, number, string } from "worldsize";
import { ModelRunner } from "worldsize/serve";
import { openModel } from "../../../model-room/lib/open-model.ts";
import { weightsOf, wideModel } from "../lib/models.ts";
import { longPromptBeside, PAGE, rowOf, stepTime } from "../lib/step-times.ts";

export default defineScript({
  about: "Times prefill and decode of a model, and a long prompt beside others' tokens.",
  ranks: 1,
  options: {
    model: string("storyteller", "storyteller, draft, wide (26 million weights, untrained), or a folder"),
    lengths: string("1 8 64 256", "tokens of a prompt"),
    batches: string("1 2 4 8 16 32", "sequences of a decode step"),
    context: number(16, "tokens that each of them has before", { min: 1, max: 900, integer: true }),
    budgets: string("512 32", "tokens of a step, for the long prompt"),
    long: number(400, "tokens of the long prompt", { min: 1, max: 900, integer: true }),
    others: number(4, "sequences that decode meanwhile", { min: 1, max: 30, integer: true }),
    rounds: number(5, "runs of each step, of which the shortest counts", { min: 1, integer: true }),
  },
  quick: { options: { lengths: "1 8", batches: "1 2", budgets: "64 16", long: 40, rounds: 1 } },
  measured: ["(ms)", "tokens/s", "GFLOP/s", "A step"],
  async main({ world, device, options, show, now }) {
    if (world.rank !== 0) return; // one rank serves
    const { context, long, others, rounds } = options;
    const [lengths, batches, budgets] = [options.lengths, options.batches, options.budgets].map(numbersIn);
    if (Math.min(...budgets) <= others)
      throw new RangeError(`--budgets: a step of ${Math.min(...budgets)} tokens has no room beside ${others} others.`);
    const { model } = options.model === "wide" ? { model: wideModel(device) } : await openModel(device, options.model);
    const most = context + 1;
    const slots = Math.max(
      ...lengths,
      PAGE * Math.ceil(most / PAGE) * Math.max(...batches),
      (long + 500) * (others + 1),
    );
    const pages = Math.ceil(slots / PAGE);
    const runner = new ModelRunner(model, pages, PAGE);
    const weights = weightsOf(model);
    show.line(`${weights.toLocaleString("en")} weights of 4 bytes: a step reads ${(4e-6 * weights).toFixed(1)} MB.`);

    const cells = (tokens: number, time: number) => ({
      time: `${time.toFixed(2)}`,
      "tokens/s": Math.round((1000 * tokens) / time),
      "GFLOP/s": ((2e-6 * weights * tokens) / time).toFixed(1),
      "flops per byte": (2 * tokens) / 4, // a product and a sum for each weight and token, over the weight's four bytes
    });
    const prefill: Record<string, string | number>[] = [];
    for (const length of lengths) {
      const { time, ...rest } = cells(length, await stepTime(runner, [rowOf(0, 0, length, length)], rounds, now));
      prefill.push({ prompt: length, "step (ms)": time, ...rest });
    }
    show.table(prefill, "Prefill: one prompt in one step");

    const times: number[] = [];
    for (const batch of batches) {
      const rows = Array.from({ length: batch }, (_, i) => rowOf(i, context, 1, most));
      times.push(await stepTime(runner, rows, rounds, now));
    }
    const decode = batches.map((batch, i) => {
      const { time, ...rest } = cells(batch, times[i]);
      return { sequences: batch, "step (ms)": time, ...rest };
    });
    show.table(decode, `Decode: a token of each sequence, ${context} before it`);
    const twice = batches.findIndex((_, i) => times[i] > 2 * times[0]);
    const more = twice < 0 ? "none of these takes twice as long" : `with ${batches[twice]} it takes twice as long`;
    show.line(`A step with ${batches[0]} read ${((4e-6 * weights) / times[0]).toFixed(1)} GB/s of weights; ${more}.`);

    const beside: Record<string, string | number>[] = [];
    for (const budget of budgets) {
      const { steps, first, gaps } = await longPromptBeside(runner, pages, { others, long, budget }, now);
      beside.push({
        "tokens of a step": budget,
        "its steps": steps,
        "its first token (ms)": first.toFixed(1),
        "others' longest gap (ms)": Math.max(...gaps).toFixed(1),
      });
    }
    show.table(beside, `A prompt of ${long} comes in while ${others} sequences decode`);
    runner.dispose();
    model.dispose();
  },
});

/** Whole numbers from 1, rising. @throws RangeError for anything else. */
function numbersIn(text: string): number[] {
  const numbers = text.trim().split(/\s+/).map(Number);
  if (!numbers.every((each) => Number.isSafeInteger(each) && each >= 1 && each <= 1000))
    throw new RangeError(`"${text}" should be whole numbers from 1 to 1000, with blanks between them.`);
  return numbers;
}
