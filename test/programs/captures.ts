/** Calls a collective during a capture. */
import { defineScript } from "worldsize";

export default defineScript({
  about: "An operation between ranks inside of a capture.",
  async main({ world, device }) {
    const x = device.ones([4]);
    device.capture(() => {
      x.add(1);
      world.allReduce(x).wait();
      return undefined;
    });
  },
});
