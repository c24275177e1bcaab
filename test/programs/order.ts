// Shows in which order the ranks get to act.
import { defineScript } from "worldsize";

export default defineScript({
  about: "Ranks exchange messages and say when.",
  ranks: 5,
  async main({ world, device, show }) {
    const x = device.zeros([1]);
    for (let round = 0; round < 4; round++) {
      const right = (world.rank + 1) % world.size;
      const left = (world.rank + world.size - 1) % world.size;
      await Promise.all([world.send(device.ones([1]), right), world.recv(x, left)]);
      show.line(`round ${round}`);
    }
  },
});
