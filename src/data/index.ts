/** What models learn from. */
export { type PackedBatch, packSamples } from "./batch.ts";
export { Loader, type LoaderOptions, type LoaderState, shareOf } from "./loader.ts";
export { type PackedRow, type PackingOptions, type PackingState, RowPacker } from "./packing.ts";
export { Prefetcher, type Source } from "./prefetch.ts";
export { type Encoder, encodeParts, type Part, type Sample, type Samples, windowsOf } from "./sample.ts";
export { shuffledIndex } from "./shuffle.ts";
export { type SplitOptions, splitDocuments } from "./split.ts";
export { checkStory, ruleRates, type StoryVerdict, sentencesOf } from "./stories/check-story.ts";
export {
  type DocumentOptions,
  documentSamples,
  documentTexts,
  HELD_OUT,
  heldOutStories,
  makeDocument,
  makeShortDocument,
} from "./stories/documents.ts";
export { storyEntropy, storyLogProbability } from "./stories/likelihood.ts";
export { makeLongDocument } from "./stories/long.ts";
export { makePeople, makeStory, type Person, type Question, type Random, type Story } from "./stories/story.ts";
export { isHeldOut, isListHeldOut, makeTask, type Task, type TaskKind, taskKinds, verifyTask } from "./tasks/tasks.ts";
