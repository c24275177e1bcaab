// Five ranks, split by whether they are even.
import { type Figure, groupsScene, type Member, type Recorded } from "worldsize/draw";

export { default } from "./programs/cut.ts";

/** Each rank's place in the group of its color. */
const members = ({ shown }: Recorded): Member[] =>
  shown.flatMap((own) => own.flatMap((each) => (each.kind === "row" ? [each.row as unknown as Member] : [])));

export const figure: Figure = {
  about: "Five ranks split by color: the even ones become ranks 0 to 2 of one group, the odd ones 0 and 1 of another.",
  ranks: 5,
  settings: [{ options: { by: "parity" } }],
  draw: (run) => groupsScene(members(run), "world.split(rank % 2): one world, two new numberings"),
};
