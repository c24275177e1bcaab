// Only rank 0 needs the sum: reduce, and a chain of thens.
import { defineScript } from "worldsize";

export default defineScript({
  about: "Ranks say who they are, and count themselves.",
  ranks: 8,
  async main({ world, device, show }) {
    show.line(`rank ${world.rank} of ${world.size}`);
    const one = device.ones([1], "i32");
    return world
      .reduce(one, 0)
      .then(() => one.item())
      .then((n) => {
        if (world.rank === 0) show.line(`${n} ranks are here`);
      });
  },
});
