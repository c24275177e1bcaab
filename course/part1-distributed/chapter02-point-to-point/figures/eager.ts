// One message whose receiver is late, for the picture of eager sends and rendezvous.
import { defineScript } from "worldsize";
import { type Figure, sendScene } from "worldsize/draw";

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

export const figure: Figure = {
  about: "When send returns: by rendezvous when its receive has taken the bytes, eagerly at once, from a copy.",
  settings: [{ eager: 0 }, { eager: 1024 }],
  draw: (rendezvous, eager) =>
    sendScene("When does send return?", [
      { name: "Rendezvous: the default here", traffic: rendezvous.traffic },
      { name: "Eager: with --eager 1KiB", traffic: eager.traffic },
    ]),
};
