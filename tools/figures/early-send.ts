// One message whose receiver is late, for the picture of eager sends and rendezvous.
import { defineScript } from "worldsize";

export default defineScript({
  about: "Rank 0 sends at once; rank 1 is busy first, and receives afterwards.",
  ranks: 2,
  async main({ world, device, sleep }) {
    const x = device.zeros([4]);
    if (world.rank === 0) await world.send(x, 1);
    if (world.rank === 1) {
      await sleep(40);
      await world.recv(x, 0);
    }
  },
});
