/** Messages in well-known patterns, whose time is known by a formula. */
import { choice, defineScript, number } from "worldsize";

export const patterns = ["shift", "chain", "star", "starAtOnce", "bothWays"] as const;

export default defineScript({
  about: "One pattern of messages.",
  options: { pattern: choice("shift", patterns, "which"), elements: number(8, "of each message") },
  async main({ world, device, options }) {
    const { rank, size } = world;
    const x = device.zeros([options.elements]);
    const y = device.zeros([options.elements]);
    const right = (rank + 1) % size;
    const left = (rank + size - 1) % size;
    if (size === 1) return;
    switch (options.pattern) {
      case "shift":
        await Promise.all([world.send(x, right), world.recv(y, left)]);
        return;
      case "chain":
        if (rank > 0) await world.recv(x, left);
        if (rank < size - 1) await world.send(x, right);
        return;
      case "star":
        if (rank > 0) await world.recv(x, 0);
        else for (let to = 1; to < size; to++) await world.send(x, to);
        return;
      case "starAtOnce": {
        if (rank > 0) await world.recv(x, 0);
        else await Promise.all(Array.from({ length: size - 1 }, (_, i) => world.send(x, i + 1)));
        return;
      }
      case "bothWays":
        if (rank > 1) return;
        await Promise.all([world.send(x, 1 - rank), world.recv(y, 1 - rank)]);
        await Promise.all([world.send(x, 1 - rank), world.recv(y, 1 - rank)]);
        return;
    }
  },
});
