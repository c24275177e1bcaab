// Cuts the world into groups and tells each rank's place in its own, for pictures of groups.
import { choice, defineScript, number } from "worldsize";

export default defineScript({
  about: "Every rank announces its color, its rank in the group of that color, and that group's size.",
  ranks: 8,
  options: {
    by: choice("row", ["row", "column", "parity"], "what the color is"),
    columns: number(4, "ranks in a row", { min: 1, integer: true }),
  },
  async main({ world, options, show }) {
    const { by, columns } = options;
    const { rank } = world;
    const color = by === "row" ? Math.floor(rank / columns) : by === "column" ? rank % columns : rank % 2;
    const group = await world.split(color);
    if (group) show.row({ rank, color, groupRank: group.rank, groupSize: group.size });
  },
});
