// How long a message, an allReduce and a barrier take over paced links.
import { defineScript } from "worldsize";

export default defineScript({
  about: "Times messages over links of a given speed.",
  ranks: 3,
  async main({ world, device, show, now }) {
    const { rank } = world;
    const x = device.zeros([1e6]);
    const time = async (body: () => Promise<unknown>): Promise<number> => {
      await world.barrier();
      const start = now();
      await body();
      return now() - start;
    };
    const send = await time(async () => {
      if (rank === 0) await world.send(x, 1);
      if (rank === 1) await world.recv(x, 0);
    });
    const allReduce = await time(async () => world.allReduce(x));
    const barrier = await time(async () => world.barrier());
    if (rank === 1) show.row({ send, allReduce, barrier });
  },
});
