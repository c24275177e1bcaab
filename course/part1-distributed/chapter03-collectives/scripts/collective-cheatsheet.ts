// Every collective, before and after. Rank r starts with numbers that begin with r + 1,
// so you can see whose they were.
import { type Context, choice, defineScript, type Tensor } from "worldsize";

type World = Context["world"];
type Device = Context["device"];

/** What one rank had and what it has. */
interface Effect {
  readonly before: Tensor | undefined;
  readonly after: Tensor | undefined;
  readonly meaning: string;
}

/** `size` numbers of a rank: 10, 11, 12 for rank 0; 20, 21, 22 for rank 1. */
function numbers(device: Device, rank: number, count: number): Tensor {
  return device.from(
    Array.from({ length: count }, (_, i) => 10 * (rank + 1) + i),
    [count],
    "i32",
  );
}

const operations: Record<string, (world: World, device: Device) => Promise<Effect>> = {
  async broadcast(world, device) {
    const after = numbers(device, world.rank, 2);
    const before = after.clone();
    await world.broadcast(after, 0);
    return { before, after, meaning: "rank 0's tensor goes to every rank" };
  },
  async reduce(world, device) {
    const after = numbers(device, world.rank, 2);
    const before = after.clone();
    await world.reduce(after, 0, "sum");
    return { before, after, meaning: "rank 0 gets the sum; the others keep what they had" };
  },
  async all_reduce(world, device) {
    const after = numbers(device, world.rank, 2);
    const before = after.clone();
    await world.allReduce(after, "sum");
    return { before, after, meaning: "every rank gets the sum" };
  },
  async gather(world, device) {
    const before = numbers(device, world.rank, 1);
    const after = world.rank === 0 ? device.zeros([world.size], "i32") : undefined;
    await world.gather(after, before, 0);
    return { before, after, meaning: "rank 0 collects the tensors of all ranks" };
  },
  async all_gather(world, device) {
    const before = numbers(device, world.rank, 1);
    const after = device.zeros([world.size], "i32");
    await world.allGather(after, before);
    return { before, after, meaning: "every rank collects the tensors of all ranks" };
  },
  async scatter(world, device) {
    const before = world.rank === 0 ? numbers(device, 0, world.size) : undefined;
    const after = device.zeros([1], "i32");
    await world.scatter(after, before, 0);
    return { before, after, meaning: "rank 0 hands out one piece per rank" };
  },
  async reduce_scatter(world, device) {
    const before = numbers(device, world.rank, world.size);
    const after = device.zeros([1], "i32");
    await world.reduceScatter(after, before, "sum");
    return { before, after, meaning: "rank r gets the sum of all pieces r" };
  },
  async all_to_all(world, device) {
    const before = numbers(device, world.rank, world.size);
    const after = device.zeros([world.size], "i32");
    await world.allToAll(after, before);
    return { before, after, meaning: "rank r's piece j becomes rank j's piece r" };
  },
  async barrier(world) {
    await world.barrier();
    return { before: undefined, after: undefined, meaning: "no rank goes on before all have come; no data" };
  },
};

const names = Object.keys(operations);

export default defineScript({
  about: "Every collective, before and after, on every rank.",
  ranks: 4,
  options: {
    operation: choice("all", ["all", ...names], "which collective to show"),
  },
  async main({ world, device, options, show }) {
    const text = async (tensor: Tensor | undefined): Promise<string> =>
      tensor ? JSON.stringify(await tensor.toArray()) : "";
    for (const name of options.operation === "all" ? names : [options.operation]) {
      const { before, after, meaning } = await operations[name](world, device);
      const rows = await world.allGatherObject({
        rank: world.rank,
        before: await text(before),
        after: await text(after),
      });
      if (world.rank === 0) show.table(rows, `${name}: ${meaning}`);
    }
  },
});
