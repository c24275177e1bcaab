// Rank 0 gathers the ones into a list of tensors.
import { defineScript } from "worldsize";

export default defineScript({
  about: "Ranks say who they are, and count themselves.",
  ranks: 8,
  async main({ world, device, show }) {
    show.line(`rank ${world.rank} of ${world.size}`);
    const isRoot = world.rank === 0;
    const ones = isRoot ? Array.from({ length: world.size }, () => device.zeros([1])) : undefined;
    await world.gather(ones, device.ones([1]), 0);
    let n = 0;
    for (const one of ones ?? []) n += await one.item();
    if (world.rank === 0) show.line(`${n} ranks are here`);
  },
});
