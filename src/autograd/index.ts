/** Gradients: the tape, and what programs do with it. */
export { type CustomGradients, type CustomOperation, customOperation } from "./custom.ts";
export { DeferredWeights } from "./deferred-weights.ts";
export { Hooks } from "./hooks.ts";
export { Leaf } from "./leaf.ts";
export type { Observer } from "./observer.ts";
export { recompute } from "./recompute.ts";
export type { RegionHooks } from "./region.ts";
export type { SavedHooks } from "./saved.ts";
export { Tape, tapeOf } from "./tape.ts";
