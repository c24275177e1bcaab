// Everybody gets rank 0's size, and that is a collective.
import { defineScript } from "worldsize";

export default defineScript({
  about: "Ranks say who they are, and count themselves.",
  ranks: 8,
  async main({ world, device, show }) {
    show.line(`rank ${world.rank} of ${world.size}`);
    const size = device.tensor([world.size]);
    await world.broadcast(size, 0);
    const n = await size.item();
    if (world.rank === 0) show.line(`${n} ranks are here`);
  },
});
