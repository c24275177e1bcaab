/** Groups that end before the job: by hand, by scope, with members that are late, and thousands of them. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { type Context, defineScript, number } from "worldsize";

type Ranks = Pick<Context, "world" | "device" | "sleep">;

/** The first element of a tensor. */
async function first(x: ReturnType<Context["device"]["ones"]>): Promise<number> {
  return ((await x.toArray()) as number[])[0];
}

/** What a call throws. */
function messageOf(call: () => unknown): string {
  try {
    call();
    return "nothing";
  } catch (error) {
    return (error as Error).message;
  }
}

/** Many groups, one after the other. @returns how much memory of the job they have kept, and their numbers. */
async function rounds({ world, device }: Ranks, count: number) {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const { pool } = device.raw.runtime;
  const x = device.ones([8]);
  const ids = new Set<number>();
  const measure = async (): Promise<[number, number]> => {
    await world.barrier();
    collect();
    const now: [number, number] = [pool.free, process.memoryUsage().heapUsed];
    await world.barrier();
    return now;
  };
  let before: [number, number] = [0, 0];
  let wrong = 0;
  for (let i = 0; i < count; i++) {
    if (i === Math.floor(count * 0.6)) before = await measure(); // the flight recorders are full
    const group = await world.split(i % 3 === 0 ? 0 : world.rank % 2);
    if (!group) throw new Error("no group");
    ids.add(group.id);
    if (i % 100 === 0) {
      device.fill(x, 1);
      await group.allReduce(x);
      if ((await first(x)) !== group.size) wrong++;
    }
    group.destroy();
  }
  const after = await measure();
  return { ids: ids.size, wrong, kept: before[0] - after[0], heap: after[1] - before[1] };
}

/** A member that is still reading when the others have destroyed the group and made another one. */
async function late({ world, device, sleep }: Ranks) {
  const { rank } = world;
  const group = await world.split(0, rank, "late");
  const pair = await world.split(rank === 1 ? undefined : 0);
  const x = device.full([4], rank + 1);
  let other = 0;
  if (pair) {
    await pair.barrier();
    await sleep(50); // the late one is the first to call, and then looks away
  }
  const work = group?.allReduce(x);
  if (pair) {
    await work;
    group?.destroy();
    using next = await pair.split(0);
    const y = device.full([4], 10 + rank);
    await next?.allReduce(y);
    other = await first(y);
  } else {
    group?.[Symbol.dispose](); // as at the end of a block: what is in flight ends first
    const until = performance.now() + 200;
    while (performance.now() < until);
    await work;
  }
  pair?.destroy();
  return { sum: await first(x), other };
}

/** What must not be done, in the words of the errors. */
async function refused({ world, device }: Ranks) {
  const group = await world.split(0, world.rank, "tp");
  if (!group) throw new Error("no group");
  const x = device.full([4], world.rank);
  let flying = "";
  if (world.rank === 0) {
    const work = group.recv(x, 1); // in flight
    flying = messageOf(() => group.destroy());
    await world.barrier();
    await work;
  } else {
    await world.barrier();
    if (world.rank === 1) await group.send(x, 0);
  }
  group.destroy();
  group.destroy(); // the second time is nothing
  const after = messageOf(() => group.allReduce(x)); // after
  return { flying, after, world: messageOf(() => world.destroy()) };
}

/** Groups that end with a block, whatever is in flight and however it is left. */
async function scoped({ world, device }: Ranks) {
  const x = device.full([4], world.rank);
  let work: PromiseLike<unknown> | undefined;
  let escaped: (() => unknown) | undefined;
  let thrown = "";
  try {
    using group = await world.split(world.rank < 2 ? 0 : undefined, world.rank, "scoped");
    escaped = () => group?.barrier();
    if (world.rank === 0) {
      work = group?.recv(x, 1);
      throw new Error("mine");
    }
    await world.barrier();
    await group?.send(x, 0);
  } catch (error) {
    thrown = (error as Error).message;
    await world.barrier();
  }
  await work;
  return { thrown, received: await first(x), after: escaped ? messageOf(escaped) : "" };
}

export default defineScript({
  about: "Groups that end before the job.",
  ranks: 3,
  options: { count: number(2000, "groups, one after the other") },
  async main({ world, device, sleep, options, show }) {
    const ranks = { world, device, sleep };
    show.row({ node: JSON.stringify(process.version) });
    show.row({ refused: JSON.stringify(await refused(ranks)) });
    show.row({ scoped: JSON.stringify(await scoped(ranks)) });
    show.row({ late: JSON.stringify(await late(ranks)) });
    show.row({ rounds: JSON.stringify(await rounds(ranks, options.count)) });
  },
});
