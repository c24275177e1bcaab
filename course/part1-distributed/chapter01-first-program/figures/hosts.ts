// Two hosts of four GPUs: the groups of a split by host are the local ranks.
import { type Figure, hostsScene, type Member, type Recorded } from "worldsize/draw";

export { default } from "./programs/cut.ts";

/** Each rank's place in the group of its color. */
const members = ({ shown }: Recorded): Member[] =>
  shown.flatMap((own) => own.flatMap((each) => (each.kind === "row" ? [each.row as unknown as Member] : [])));

export const figure: Figure = {
  about: "Eight ranks on two hosts: rank 6 is local rank 2 on host 1, and takes GPU 2.",
  settings: [{ options: { by: "row" } }],
  draw: (byHost) => hostsScene(members(byHost), 6),
};
