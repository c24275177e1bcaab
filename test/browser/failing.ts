// A program of the browser suite that goes wrong: rank 1 throws while rank 0 waits for it.
import { type Context, defineScript } from "../../src/script/index.ts";

export default defineScript({
  about: "One rank throws.",
  async main({ world, device }: Context) {
    if (world.rank === 1) throw new RangeError("no such shard");
    await world.allReduce(device.ones([4]));
  },
});
