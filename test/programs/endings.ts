// Ways in which a program ends, and what it printed before.
import { defineScript, string } from "worldsize";

export default defineScript({
  about: "One way to end.",
  options: { how: string("", "which") },
  async main({ world, device, options }) {
    const last = world.rank === world.size - 1;
    for (let i = 0; i < 5; i++) console.log(`line ${i} of ${world.rank}`);
    await world.barrier();
    switch (options.how) {
      case "many":
        for (let i = 0; i < 20_000; i++) console.log(`${world.rank} ${i}`);
        return;
      case "long":
        if (last) console.log("x".repeat(3_000_000));
        return;
      case "code":
        if (last) process.exitCode = 3;
        return;
      case "exit":
        console.log(`last words of ${world.rank}`);
        if (last) process.exit(4);
        await world.barrier();
        return;
      case "cause":
        if (last) throw new Error("outer", { cause: new TypeError("inner") });
        await world.barrier();
        return;
      case "aggregate":
        if (last) throw new AggregateError([new Error("one"), new Error("two")], "both");
        await world.barrier();
        return;
      case "thrown": {
        const thrown: Record<string, unknown> = { code: 7 };
        thrown.self = thrown;
        if (last) throw thrown;
        await world.barrier();
        return;
      }
      case "longError":
        if (last) throw new Error("e".repeat(8_000_000));
        await world.barrier();
        return;
      case "abort":
        if (last) world.abort("a".repeat(8_000_000));
        await world.barrier();
        return;
      case "longName":
        await world.split(0, world.rank, "n".repeat(30_000));
        return;
      case "deadlock":
        await world.recv(device.zeros([1]), (world.rank + 1) % world.size);
    }
  },
});
