/** One step of a decoder under tensor parallelism, for its collectives to be counted: forward, then the loss, then backward. */
import { boolean, defineScript, type Tensor } from "worldsize";
import { type Batch, Decoder, llamaShape } from "worldsize/models";
import { Mesh, overlapWeights, sumPartialGradients, tensorParallel, vocabularyCrossEntropy } from "worldsize/parallel";

export default defineScript({
  about: "A step of a decoder whose collectives are counted.",
  options: {
    sequence: boolean(false, "cuts tokens, too"),
    overlap: boolean(false, "computes gradients of weights while collectives are under way"),
    copied: boolean(false, "one head of keys for all ranks"),
  },
  async main({ world, device, options, show }) {
    const mesh = await Mesh.create(world, { tp: world.size });
    const config = llamaShape({
      vocabularySize: 13,
      width: 24,
      layers: 2,
      heads: 12,
      kvHeads: options.copied ? 1 : 12,
      ffnWidth: 36,
      maxPositions: 12,
      tied: false,
    });
    const model = await tensorParallel(new Decoder(device, config), mesh, undefined, options);
    const integers = (values: number[]): Tensor => device.tensor(values, "i32");
    const batch: Batch = {
      tokens: integers([0, 3, 12, 7, 7, 1, 2, 11, 5, 9, 4, 6]),
      positions: integers([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]),
      starts: integers([0, 12]),
    };
    // Barriers are marks in what is recorded.
    await world.barrier();
    const logits = model.call(batch);
    await world.barrier();
    const { sum } = vocabularyCrossEntropy(logits, batch.tokens, mesh.group("tp"), { vocabulary: 13 });
    await world.barrier();
    // What happens between an operation's call and the stream's wait for it: gradients of weights, where they overlap.
    const log: string[] = [];
    const calls = mesh.group("tp") as unknown as Record<string, (...args: unknown[]) => { wait(): void }>;
    for (const kind of ["allReduce", "reduceScatter", "allGather"]) {
      const plain = calls[kind].bind(calls);
      calls[kind] = (...args) => {
        const work = plain(...args);
        const wait = work.wait.bind(work);
        log.push("[");
        work.wait = () => {
          log.push("]");
          wait();
        };
        return work;
      };
    }
    for (const parameter of model.parameters()) parameter.registerPostAccumulateGradHook(() => log.push("g"));
    if (options.overlap) overlapWeights(device, () => sum.backward());
    else sum.backward();
    const during = log.join("");
    await world.barrier();
    sumPartialGradients(model.parameters(), mesh);
    await world.barrier();
    show.row({ during });
  },
});
