// Programs in which somebody waits for what does not come. The marks are for the tests.
import { choice, defineScript } from "worldsize";

const waits = ["words", "again", "loop", "cycle", "alone", "helped", "late", "lateAtStore"] as const;

export default defineScript({
  about: "One way to wait in vain.",
  ranks: 3,
  options: { wait: choice("words", waits, "which") },
  async main({ world, device, store, options, show, sleep }) {
    const { rank } = world;
    const x = device.zeros([4]);
    await world.barrier(); // together
    switch (options.wait) {
      case "words": // a key that nobody sets, a message that nobody sends, and a promise that nobody keeps
        if (rank === 0) await store.get("x", 60_000); // words key
        if (rank === 1) await world.recv(x, 2); // words recv
        await new Promise(() => {});
        return;
      case "again": // something moves after the first word, and then nothing for a second time
        if (rank === 0) {
          await sleep(2000);
          show.line("moved");
        }
        await store.get("x", 60_000); // again
        return;
      case "loop":
        if (rank === 1) for (;;);
        if (rank === 2) for (;;) await undefined;
        await world.barrier(); // loop
        return;
      case "cycle": // through the store, an operation and a barrier of the store
        if (rank === 0) await store.get("x"); // cycle key
        if (rank === 1) await world.recv(x, 0); // cycle recv
        if (rank === 2) await store.barrier("b", 2); // cycle barrier
        return;
      case "alone": // the others have returned
        if (rank === 0) await store.wait(["x", "y"], Infinity); // alone
        return;
      case "helped": // by a timer of a program, after more than it takes to see that nothing moves
        if (rank === 0) setTimeout(() => void store.set("x", "1"), 1500);
        show.line(await store.get("x"));
        return;
      case "late": // others go on all the while; then the rank whose wait was too long goes on without them
        if (rank > 0) {
          for (let i = 0; i < 60; i++) {
            show.line("busy");
            await sleep(50);
          }
          return;
        }
        try {
          await world.recv(x, 1); // late
        } catch (error) {
          show.line(`caught ${(error as Error).name}`);
        }
        x.add_(2);
        show.line(String(await x.toArray()));
        await store.set("after", "all");
        show.line(await store.get("after"));
        for (const again of [() => store.get("never"), () => world.barrier(), () => world.send(x, 1)]) {
          try {
            await again();
          } catch (error) {
            show.line(`then ${(error as Error).name}`);
          }
        }
        return;
      case "lateAtStore":
        if (rank === 0) await store.get("x"); // lateAtStore
        await sleep(5000);
    }
  },
});
