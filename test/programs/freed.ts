/** Tensors that are freed as soon as the stream waits for the operation that uses them; what it gave is copied behind it. */
import { defineScript, type Tensor } from "worldsize";

export default defineScript({
  about: "Frees tensors behind operations that streams wait for.",
  async main({ world, device, show }) {
    const { rank, size } = world;
    const [left, right] = [(rank + size - 1) % size, (rank + 1) % size];
    await world.barrier(); // what a barrier itself needs is there from now on
    const before = device.memoryStats().allocated.current;
    const own = (length = 1): Tensor => device.full([length], rank + 1);
    const ways: Record<string, () => Tensor> = {
      allReduce: () => {
        const sum = own();
        world.allReduce(sum).wait();
        return sum;
      },
      broadcast: () => {
        const one = own();
        world.broadcast(one, size - 1).wait();
        return one;
      },
      allGather: () => {
        const all = device.empty([size]);
        world.allGather(all, own()).wait();
        return all;
      },
      reduceScatter: () => {
        const one = device.empty([1]);
        world.reduceScatter(one, own(size)).wait();
        return one;
      },
      allToAll: () => {
        const all = device.empty([size]);
        world.allToAll(all, own(size)).wait();
        return all;
      },
      allToAllRows: () => {
        const all = device.empty([size]);
        const one = () => device.full([size], 1, "i32");
        world.allToAllRows(all, own(size), one(), one()).wait();
        return all;
      },
      message: () => {
        const got = device.empty([1]);
        const works = size > 1 ? [world.send(own(), right), world.recv(got, left)] : [];
        for (const work of works) work.wait();
        return size > 1 ? got : own();
      },
    };
    const copies = Object.keys(ways).length;
    for (const [name, way] of Object.entries(ways)) {
      // Only the copy leaves the scope; new tensors would take the place of what was freed too early.
      const copy = device.scope(() => way().clone());
      device.scope(() => {
        for (let i = 0; i < 8; i++) device.full([size], -1);
        return undefined;
      });
      show.row({ name, values: JSON.stringify(await copy.toArray()) });
    }
    await world.barrier();
    const held = (): number => device.memoryStats().allocated.current - before;
    // The host hears of an end when it gets its turn, on a busy machine a little later.
    for (let i = 0; i < 3000 && held() > copies * 64; i++) await new Promise((resolve) => setTimeout(resolve, 10));
    show.row({ name: "left over", values: String(held()) });
  },
});
