/** Scripts: programs with options and things to show. */
export { type Context, defineScript, type Place, type Script, scriptOf } from "./define.ts";
export { boolean, choice, number, type OptionSpec, string, type Values, valuesOf } from "./options.ts";
export { agreed, quickOptions } from "./quick.ts";
export { type Ending, runRank } from "./rank.ts";
export type { Cell, Row, Series, Show, Shown, TimelineLane } from "./show.ts";
