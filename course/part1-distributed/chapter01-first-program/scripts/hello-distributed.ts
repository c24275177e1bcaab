// The first distributed program. Every rank runs this whole file; what differs is `world.rank`.
//
// Ranks share nothing: each has its own variables, its own device memory, and (over shm)
// its own thread. All they can do is send each other messages. Here they greet, tell each
// other where they live, exchange their numbers, and agree on a sum.
import { defineScript, number } from "worldsize";

export default defineScript({
  about: "Four ranks find each other, greet, exchange their ranks and agree on a sum.",
  ranks: 4,
  options: {
    pause: number(0, "seconds that the last rank waits before the sum, so that you can kill it", { min: 0, max: 600 }),
  },
  measured: ["Hello from", "I know all"],
  async main({ world, device, place, env, options, show, sleep }) {
    const { rank, size } = world;

    // 1. Who am I? The launcher told each rank its number and the size of the world.
    show.line(
      `Hello from rank ${rank} of ${size}, in process ${place.process}, thread ${place.thread} ` +
        `(RANK=${env.RANK}, WORLD_SIZE=${env.WORLD_SIZE})`,
    );

    // 2. A barrier: no rank goes on before every rank has come.
    await world.barrier();

    if (size === 1) {
      show.line("I am alone: nobody to greet, nothing to add up. Try -n 4.");
      return;
    }

    // 3. Every rank tells all others something small. Objects travel as text.
    const homes = await world.allGatherObject({ process: place.process, thread: place.thread });
    if (rank === 0) {
      const processes = new Set(homes.map((home) => home.process)).size;
      const threads = new Set(homes.map((home) => `${home.process} ${home.thread}`)).size;
      const [count, what] = processes > 1 ? [processes, "processes"] : [threads, threads > 1 ? "threads" : "thread"];
      show.line(`I know all ${homes.length} of us now; we live in ${count} ${what}.`);
    }

    // 4. Neighbours exchange their ranks: each sends to the right and receives from the left.
    if (size > 1) {
      const right = (rank + 1) % size;
      const left = (rank - 1 + size) % size;
      const mine = device.tensor([rank], "i32");
      const theirs = device.zeros([1], "i32");
      await Promise.all([world.send(mine, right), world.recv(theirs, left)]);
      show.line(`my left neighbour says it is rank ${await theirs.item()}`);
    }

    // 5. All contribute a number; all learn the same sum, and no rank is in charge of it.
    if (options.pause > 0 && rank === size - 1) await sleep(options.pause * 1000);
    const mine = device.tensor([rank + 1], "i32");
    await world.allReduce(mine, "sum");
    const sum = await mine.item();
    const expected = (size * (size + 1)) / 2;
    if (sum !== expected) throw new Error(`the sum is ${sum}, but 1 + … + ${size} is ${expected}`);
    show.line(`1 + … + ${size} = ${sum}, and all ranks agree`);
  },
});
