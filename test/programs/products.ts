/** Products large enough for helpers, summed over all ranks: shows a checksum of their bits. */
import { defineScript } from "worldsize";

export default defineScript({
  about: "Multiplies matrices, and sums the products.",
  async main({ device, world, show }) {
    const x = device.randn([256, 384], { seed: world.rank });
    const y = x.matmul(x.transpose()).mul(0.01).softmax();
    await world.allReduce(y);
    const bits = new Int32Array((await y.data()).buffer as ArrayBuffer);
    let checksum = 0;
    for (const word of bits) checksum = (Math.imul(checksum, 31) + word) | 0;
    show.row({ checksum });
  },
});
