// The ranks' side of `worldsize bench pieces`: allGather.
import { defineScript, string } from "worldsize";
import { timePieces } from "./pieces.ts";

export default defineScript({
  about: "Times allGather(f32) for several sizes.",
  ranks: 4,
  options: { cases: string("67108864x5", "BYTESxITERATIONS of the whole buffer, separated by commas") },
  main: (context) =>
    timePieces(context, context.options.cases, (whole, piece) => context.world.allGather(whole, piece)),
});
