// Where eight ranks stand in the two trees, as the algorithm itself says.
import { doubleTreeScene, type Figure } from "worldsize/draw";

export const figure: Figure = {
  about:
    "A double binary tree of eight ranks: odd ranks are leaves of the first tree, even ranks leaves of the second.",
  draw: () => doubleTreeScene(8),
};
