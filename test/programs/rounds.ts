// What rounds are computed of: an all_reduce of 2^rank by an algorithm, a ring by hand, or an exchange with both sides.
import { type AllReduceAlgorithm, defineScript, number, string } from "worldsize";
import { ringAllReduce } from "../../course/part1-distributed/chapter03-collectives/exercises/3-ring-all-reduce/solution.ts";

export default defineScript({
  about: "Messages whose rounds are known.",
  options: { algorithm: string("ring", "what to do"), elements: number(4, "length of the tensor") },
  async main({ world, device, options: { algorithm, elements } }) {
    const x = device.full([elements], 2 ** world.rank);
    if (algorithm === "by hand") await ringAllReduce(world, device, x);
    else if (algorithm === "exchange") {
      const [right, left] = [1, world.size - 1].map((step) => (world.rank + step) % world.size);
      const [y, z] = [device.zeros([elements]), device.zeros([elements])];
      await Promise.all([world.send(x, right), world.send(x, left), world.recv(y, left), world.recv(z, right)]);
    } else await world.allReduce(x, "sum", { algorithm: algorithm as AllReduceAlgorithm });
  },
});
