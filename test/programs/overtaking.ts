/** Sends of one tag, each as soon as its value was computed: none may overtake another, whatever streams do. */
import { defineScript, number } from "worldsize";

export default defineScript({
  about: "Sends many values under one tag, from one stream or from two in turns.",
  options: { rounds: number(60, "how many pairs of values"), lanes: number(1, "compute streams of the sender") },
  async main({ device, world, options: { rounds, lanes } }) {
    const { raw } = device;
    const all = Array.from({ length: lanes }, (_, i) => raw.streams[i] ?? raw.newStream());
    const peer = (world.rank + 1) % world.size;
    const from = (world.rank - 1 + world.size) % world.size;
    const works = [];
    const got = [];
    for (let i = 0; i < 2 * rounds; i++) {
      const stream = all[i % lanes];
      const value = raw.withStream(stream, () => {
        const busy = device.ones([40, 40 + ((i * 37) % 200)]); // kernels of different lengths
        return busy.softmax().sum().mul(0).add(i);
      });
      raw.withStream(stream, () => works.push(world.send(value, peer, { tag: 7 })));
      const place = device.zeros([]);
      works.push(world.recv(place, from, { tag: 7 }));
      got.push(place);
    }
    await Promise.all(works);
    for (const [i, place] of got.entries()) {
      const value = await place.item();
      if (value !== i) throw new Error(`Message ${i} brought the value ${value}.`);
    }
  },
});
