// One linear layer, y = x Wᵀ + b, cut among ranks in the two possible ways, with numbers that can be checked by hand: what
// each rank holds, what it computes alone, what travels forward and backward. Then three wrong ways to add the bias.
import { type Context, defineScript, functional as F, type Tensor } from "worldsize";
import { asPartial, changeType, shareOf } from "worldsize/parallel";
import { type Calls, collectivesOf, textOf } from "../lib/collectives.ts";

const TOKENS = 2;

/** A layer cut among ranks: what this rank holds of W, b and x, and what it makes of them. */
interface Cut {
  readonly x: Tensor;
  readonly weight: Tensor;
  readonly bias: Tensor;
  readonly forward: () => Tensor;
}

/** Rows of a matrix as text, or nothing for one without. */
const text = async (x: Tensor | null | undefined): Promise<string> => {
  if (!x) return "none";
  const rows = ((await x.toArray()) as (number | number[])[]).map((row) => [row].flat());
  return rows.map((row) => row.map((each) => +each.toPrecision(6)).join(",")).join(x.shape[1] ? " | " : ",");
};

/** Forward, and backward from a loss that is the sum of all outputs; what both of them sent. */
async function step(context: Pick<Context, "spans" | "device">, forward: () => Tensor) {
  let y: Tensor | undefined;
  const there = await collectivesOf(context, () => {
    y = forward();
  });
  const back = await collectivesOf(context, () => (y as Tensor).sum().backward());
  return { y: y as Tensor, there, back };
}

export default defineScript({
  about: "A linear layer cut by columns and by rows, with small numbers: what is held, computed and sent.",
  ranks: 2,
  traced: true,
  async main(context) {
    const { world, device, show } = context;
    const { rank, size } = world;
    // On one, two and four ranks there are four inputs, and up to three ranks share three outputs.
    const inputs = size * Math.ceil(4 / size);
    const outputs = Math.max(3, size);

    // All ranks make the whole layer, so that they can compare. W counts from 1; the second token picks W's first column.
    const count = (length: number): number[] => Array.from({ length }, (_, i) => i + 1);
    const x = device.tensor([count(inputs), count(inputs).map((_, i) => (i === 0 ? 1 : 0))]).requiresGrad_();
    const weight = device
      .tensor(count(outputs * inputs))
      .reshape([outputs, inputs])
      .detach()
      .requiresGrad_();
    const bias = device.tensor(count(outputs).map((i) => 100 * i)).requiresGrad_();
    const whole = F.linear({ x, weight, bias });
    whole.sum().backward();
    if (rank === 0) {
      show.table([
        { "one rank": "y", "": await text(whole) },
        { "one rank": "dx of each token", "": await text(x.grad?.slice(0, 0, 1) ?? null) },
        { "one rank": "dW, each row", "": await text(weight.grad?.slice(0, 0, 1) ?? null) },
        { "one rank": "db", "": await text(bias.grad) },
      ]);
    }

    const own = (each: Tensor, axis: number, { from, length }: { from: number; length: number }): Tensor =>
      each
        .detach()
        .slice(axis, from, from + length)
        .contiguous()
        .clone()
        .requiresGrad_();
    const all = (each: Tensor): Tensor => own(each, 0, { from: 0, length: each.shape[0] });

    // By columns of the product: a rank has some of the outputs, with their biases, and needs all of x.
    const outs = shareOf(outputs, size, rank);
    const columns: Cut = {
      x: all(x),
      weight: own(weight, 0, outs),
      bias: own(bias, 0, outs),
      forward: () =>
        F.linear({
          x: changeType(columns.x, world, "identical", "replicated"),
          weight: columns.weight,
          bias: columns.bias,
        }),
    };
    // By rows of what is multiplied: a rank has some of the inputs, and makes one term of every output.
    const ins = shareOf(inputs, size, rank);
    const term = (): Tensor => F.linear({ x: rows.x, weight: rows.weight });
    const rows: Cut = {
      x: own(x, 1, ins),
      weight: own(weight, 1, ins),
      bias: all(bias),
      forward: () => changeType(asPartial(term(), world), world, "partial", "identical").add(rows.bias),
    };

    /** Holds every number of this rank against the whole layer's: they are integers, so that nothing is rounded. */
    const check = async (what: string, part: Tensor | null, of: Tensor | null | undefined): Promise<void> => {
      const [a, b] = [await text(part), await text(of)];
      if (a !== b) throw new Error(`Rank ${rank}: ${what} is ${a}, and one rank has ${b}.`);
    };
    const part = (of: Tensor | null, axis: number, { from, length }: { from: number; length: number }) =>
      of
        ?.detach()
        .slice(axis, from, from + length)
        .contiguous();
    const isTraced = (await context.spans()).length > 0; // a caller may have switched that off
    const expect = (name: string, calls: readonly Calls[], elements: number): void => {
      const bytes = calls.reduce((sum, each) => sum + each.bytes, 0);
      if (!isTraced || bytes === 4 * elements) return;
      throw new Error(`${name}: ${bytes} bytes, and the formula says ${4 * elements}.`);
    };
    const tell = async (title: string, row: Record<string, string>): Promise<void> => {
      const found = (await world.allGatherObject({ rank, ...row })) as Record<string, string | number>[];
      if (rank === 0) show.table(found, title);
    };

    // 1. Columns.
    const byColumns = await step(context, columns.forward);
    await check("y", byColumns.y, part(whole, 1, outs));
    await check("dx", columns.x.grad, x.grad);
    await check("dW", columns.weight.grad, part(weight.grad, 0, outs));
    await check("db", columns.bias.grad, part(bias.grad, 0, outs));
    expect("Columns, forward", byColumns.there, 0);
    expect("Columns, backward", byColumns.back, TOKENS * inputs);
    await tell("By columns: each rank has some outputs", {
      W: await text(columns.weight),
      b: await text(columns.bias),
      "y of both tokens": await text(byColumns.y),
      "dx, own term": await text(columns.weight.detach().sum(0)),
    });
    if (rank === 0)
      show.line(`Forward: ${textOf(byColumns.there)}. Backward: ${textOf(byColumns.back)} (tokens × inputs × 4).`);

    // 2. Rows.
    const alone = await text(device.noGrad(term));
    const byRows = await step(context, rows.forward);
    await check("y", byRows.y, whole.detach());
    await check("dx", rows.x.grad, part(x.grad, 1, ins));
    await check("dW", rows.weight.grad, part(weight.grad, 1, ins));
    await check("db", rows.bias.grad, bias.grad);
    expect("Rows, forward", byRows.there, TOKENS * outputs);
    expect("Rows, backward", byRows.back, 0);
    await tell("By rows: each rank has some inputs", {
      "x of both": await text(rows.x),
      W: await text(rows.weight),
      "its term of y, both tokens": alone,
    });
    if (rank === 0)
      show.line(`Forward: ${textOf(byRows.there)} (tokens × outputs × 4). Backward: ${textOf(byRows.back)}.`);

    // 3. Where the bias of the second goes.
    const sum = (): Tensor => changeType(asPartial(term(), world), world, "partial", "identical");
    const ways: Record<string, (b: Tensor) => Tensor> = {
      "once, after the sum": (b) => sum().add(b),
      "on each rank, before it": (b) => changeType(term().add(b), world, "partial", "identical"),
      "a share of it on each rank": (b) => changeType(term().add(b.div(size)), world, "partial", "identical"),
      "after it, and db summed": (b) => sum().add(changeType(b, world, "identical", "replicated")),
    };
    const found: Record<string, string>[] = [];
    for (const [way, forward] of Object.entries(ways)) {
      const b = all(bias);
      const y = forward(b);
      y.sum().backward();
      found.push({
        "bias is added": way,
        "y of token 1": `${(await text(y)).split(" | ")[0]}`,
        db: await text(b.grad),
      });
    }
    if (rank !== 0) return;
    show.table(found, "Where the bias goes");
    show.line(size === 1 ? "On one rank all are right. Try -n 2." : "Only the first is right in both.");
    show.line("Outputs and all gradients, on every rank, are one rank's: every number.");
  },
});
