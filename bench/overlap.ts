/** Twelve layers of a matrix product and an allReduce of its result: one after the other, or overlapped. */
import { defineScript, number } from "worldsize";

export default defineScript({
  about: "12 × (GEMM 512³, allReduce 4 MB): one after the other against overlapped.",
  options: {
    layers: number(12, "products and allReduces"),
    repeats: number(5, "how often each way is timed; the best counts"),
  },
  async main({ world, device, options, show, now }) {
    const { layers, repeats } = options;
    const a = device.randn([512, 512], { seed: 1 + world.rank });
    const b = device.randn([512, 512], { seed: 100 + world.rank });
    const gradients = Array.from({ length: layers }, () => device.zeros([1024, 1024]));
    /** What a layer computes, into its gradient. */
    const compute = (layer: number): void => {
      device.scope(() => {
        gradients[layer].slice(0, 0, 256).reshape([512, 512]).copy_(a.matmul(b));
        return undefined;
      });
    };
    const sequential = async (): Promise<void> => {
      for (let layer = 0; layer < layers; layer++) {
        compute(layer);
        await device.synchronize();
        await world.allReduce(gradients[layer], "mean");
      }
    };
    const overlapped = async (): Promise<void> => {
      const works: { wait(): void }[] = [];
      for (let layer = 0; layer < layers; layer++) {
        compute(layer);
        works.push(world.allReduce(gradients[layer], "mean"));
      }
      for (const work of works) work.wait(); // the stream waits, only now
      await device.synchronize();
    };
    /** Milliseconds of the slowest rank. */
    const time = async (way: () => Promise<void>): Promise<number> => {
      for (const gradient of gradients) gradient.fill_(world.rank);
      await device.synchronize();
      await world.barrier();
      const start = now();
      await way();
      return Math.max(...(await world.allGatherObject(now() - start)));
    };
    const checksum = async (): Promise<number[]> =>
      Promise.all(gradients.map(async (g) => (await g.sum().item()) as number));
    const best = { sequential: Infinity, overlapped: Infinity };
    let same = true;
    for (let i = 0; i < repeats; i++) {
      best.sequential = Math.min(best.sequential, await time(sequential));
      const expected = await checksum();
      best.overlapped = Math.min(best.overlapped, await time(overlapped));
      if (String(await checksum()) !== String(expected)) same = false;
    }
    if (world.rank === 0) show.row({ ...best, same });
  },
});
