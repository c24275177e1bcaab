/** What models learn from. */
export { type PackedBatch, packSamples } from "./batch.ts";
export { Loader, type LoaderOptions, type LoaderState, shareOf } from "./loader.ts";
export { type Encoder, encodeParts, type Part, type Sample, type Samples, windowsOf } from "./sample.ts";
export { shuffledIndex } from "./shuffle.ts";
