/** Messages and sleeps on a virtual clock: when things happen, in milliseconds since the job began. */
import { defineScript, number } from "worldsize";

export default defineScript({
  about: "Tells when things happen.",
  options: { bytes: number(4000, "of a message") },
  async main({ world, device, options, show, now, sleep, span }) {
    const { rank, size } = world;
    const x = device.zeros([options.bytes / 4]);
    const times: number[] = [now()];
    // A message that both sides post at once.
    if (rank < 2 && size > 1) await (rank === 0 ? world.send(x, 1) : world.recv(x, 0));
    times.push(now());
    // Work of unequal length; then all meet.
    await span("work", () => sleep(10 * (rank + 1)));
    times.push(now());
    await world.barrier();
    times.push(now());
    await world.allReduce(x);
    times.push(now());
    show.row({ times: times.join(" ") });
  },
});
