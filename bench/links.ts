// The ranks' side of `worldsize bench links`: a message over a paced link and its receipt, on one clock.
import { defineScript, number } from "worldsize";

export default defineScript({
  about: "Times messages from rank 0 to rank 1.",
  ranks: 2,
  options: { bytes: number(64e6, "of a message", { min: 4, integer: true }) },
  async main({ world, device, options, show, now }) {
    const x = device.zeros([options.bytes], "u8");
    const receipt = device.zeros([1], "u8");
    for (let round = 0; round < 6; round++) {
      await world.barrier();
      const start = now();
      if (world.rank === 0) {
        await Promise.all([world.send(x, 1), world.recv(receipt, 1)]);
        // The first round touches the memory for the first time.
        if (round > 0) show.row({ milliseconds: now() - start });
      } else {
        await world.recv(x, 0);
        await world.send(receipt, 0);
      }
    }
  },
});
