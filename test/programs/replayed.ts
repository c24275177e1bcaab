/** Replays a graph over a tensor that an operation is using. */
import { defineScript } from "worldsize";

export default defineScript({
  about: "A replay while an allReduce of the same tensor is under way.",
  async main({ world, device }) {
    const x = device.ones([4]);
    const graph = device.capture(() => {
      x.add_(1);
      return undefined;
    });
    const work = world.allReduce(x);
    graph.replay();
    await work;
  },
});
