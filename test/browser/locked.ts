// A program of the browser suite that tries to change what other programs of its thread are made of.
import { type Context, defineScript } from "../../src/script/index.ts";

const changes: Readonly<Record<string, () => void>> = {
  push: () => Object.assign(Array.prototype, { push: Array.prototype.push.bind([]) }),
  map: () => Object.assign(Map.prototype, { left: "for another rank" }),
  sab: () => Object.assign(SharedArrayBuffer, { left: "for another rank" }),
};

export default defineScript({
  about: "Changes built-ins.",
  async main({ world, show }: Context) {
    const { push } = Array.prototype;
    const changed = Object.keys(changes).filter((name) => {
      try {
        changes[name]();
        return true;
      } catch {
        return false;
      }
    });
    if (Array.prototype.push !== push) Array.prototype.push = push; // the library goes on
    await world.barrier();
    show.line(changed.join(", ") || "nothing");
  },
});
