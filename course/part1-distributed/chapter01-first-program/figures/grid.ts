// Eight ranks, split by row and by column.
import { type Figure, gridScene, type Member, type Recorded } from "worldsize/draw";

export { default } from "./programs/cut.ts";

/** Each rank's place in the group of its color. */
const members = ({ shown }: Recorded): Member[] =>
  shown.flatMap((own) => own.flatMap((each) => (each.kind === "row" ? [each.row as unknown as Member] : [])));

export const figure: Figure = {
  about: "Eight ranks as two rows of four: each belongs to the group of its row and to that of its column.",
  settings: [{ options: { by: "row" } }, { options: { by: "column" } }],
  draw: (byRow, byColumn) =>
    gridScene(members(byRow), members(byColumn), "Eight ranks as 2 × 4: rows and columns are groups"),
};
