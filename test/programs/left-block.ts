/** Throws in a block whose tensor an operation still uses: leaving the block throws as well. */
import { defineScript } from "worldsize";

export default defineScript({
  about: "An error in a block that owns a tensor which is in use.",
  async main({ world, device }) {
    using outer = device.ones([2]);
    using x = device.ones([4]);
    void world.allReduce(x);
    void world.allReduce(outer);
    throw new RangeError("boom");
  },
});
