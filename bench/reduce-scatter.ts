// The ranks' side of `worldsize bench pieces`: reduceScatter.
import { defineScript, string } from "worldsize";
import { timePieces } from "./pieces.ts";

export default defineScript({
  about: "Times reduceScatter(sum, f32) for several sizes.",
  ranks: 4,
  options: { cases: string("67108864x5", "BYTESxITERATIONS of the whole buffer, separated by commas") },
  main: (context) =>
    timePieces(context, context.options.cases, (whole, piece) => context.world.reduceScatter(piece, whole)),
});
