/** What launching costs the host: kernels by name, through tensor methods, with a tape's entry, as nodes of a graph. */
import { defineScript, number } from "worldsize";

export default defineScript({
  about:
    "Nanoseconds of host time per launch: by name, by a tensor method, as a node of a graph; and steps with host work.",
  ranks: 1,
  options: { rounds: number(9, "how often each is timed; the best counts") },
  async main({ device, options: { rounds }, show, now }) {
    const { raw } = device;
    const x = device.ones([16]);
    const y = device.ones([16]);
    const place = (tensor: typeof x) => ({ buffer: tensor.buffer, offset: 0 });
    const refs = [place(x), place(y), place(x)];
    const add = [0, 0, 1, 1, 1, 16, 0, 0, 0, 1, 0, 0, 0, 1];
    const each = 400; // fits the queue: a full one would count the stream's time
    /** Nanoseconds of the host for each of `count` launches. */
    const hostTime = async (count: number, body: () => void): Promise<number> => {
      let best = Infinity;
      for (let i = 0; i < rounds * 30; i++) {
        await device.synchronize();
        const start = now();
        body();
        best = Math.min(best, now() - start);
      }
      return (best * 1e6) / count;
    };
    const byName = await hostTime(each, () => {
      for (let i = 0; i < each; i++) raw.launch("binary", refs, add);
    });
    const byMethod = await hostTime(each, () => {
      for (let i = 0; i < each; i++) x.add(y).dispose();
    });
    const parameter = device.ones([16]).requiresGrad_();
    const byTape = await hostTime(each, () => {
      for (let i = 0; i < each; i++) parameter.add(y).dispose();
    });
    const graph = device.capture(() => {
      for (let i = 0; i < each; i++) raw.launch("binary", refs, add);
      return undefined;
    });
    const byGraph = await hostTime(each, () => graph.replay());
    // What of an inline replay is the kernels' own time: the same calls without a graph.
    const { exports } = raw.runtime;
    const [at] = graph.addresses;
    const bare = await hostTime(each, () => {
      for (let i = 0; i < each; i++) exports.binary(0, 0, at, at, at, 1, 1, 1, 16, 0, 0, 0, 1, 0, 0, 0, 1);
    });
    /** 200 small kernels and a millisecond of host work that needs none of them. */
    const w = device.ones([80, 64]);
    const step = async (): Promise<void> => {
      for (let i = 0; i < 200; i++) raw.launch("softmax", [place(w), place(w)], [80, 64]);
      const until = now() + 1;
      while (now() < until);
    };
    let steps = Infinity;
    for (let i = 0; i < rounds; i++) {
      await device.synchronize();
      const start = now();
      for (let j = 0; j < 20; j++) await step();
      await device.synchronize();
      steps = Math.min(steps, (now() - start) / 20);
    }
    show.row({ byName, byMethod, byTape, byGraph, bare, steps });
  },
});
