// Every collective once on a world of many ranks, results checked.
import { defineScript } from "worldsize";

export default defineScript({
  about: "Every collective once, on a large world.",
  ranks: 1000,
  async main({ world, device }) {
    const { rank, size } = world;
    const check = (what: string, got: number, wanted: number) => {
      if (got !== wanted) throw new Error(`${what}: ${got}, not ${wanted}`);
    };
    const sum = (size * (size - 1)) / 2;
    const number = () => device.tensor([rank], "i32");
    await world.barrier();
    check("allReduce", await (await world.allReduce(number())).item(), sum);
    check("broadcast", await (await world.broadcast(number(), 7 % size)).item(), 7 % size);
    check("reduce", await (await world.reduce(number(), 3 % size)).item(), rank === 3 % size ? sum : rank);
    const all = device.zeros([size], "i32");
    await world.allGather(all, number());
    check("allGather", await all.sum().item(), sum);
    const gathered = rank === 0 ? device.zeros([size], "i32") : undefined;
    await world.gather(gathered, number(), 0);
    if (gathered) check("gather", await gathered.sum().item(), sum);
    const mine = device.zeros([1], "i32");
    await world.scatter(mine, rank === 0 ? device.arange(size, "i32") : undefined, 0);
    check("scatter", await mine.item(), rank);
    const halves = await world.split(rank % 2);
    check("split", halves?.size ?? 0, rank % 2 ? Math.floor(size / 2) : Math.ceil(size / 2));
    const texts = await world.allGatherObject(`rank ${rank}`);
    if (texts[size - 1] !== `rank ${size - 1}`) throw new Error("allGatherObject");
    const right = device.zeros([1], "i32");
    await Promise.all([world.send(number(), (rank + size - 1) % size), world.recv(right, (rank + 1) % size)]);
    check("ring", await right.item(), (rank + 1) % size);
  },
});
