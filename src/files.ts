/** worldsize/files: what programs do with files, in Node only. Models and checkpoints, also of many ranks, and text to learn from. */
export { type CorpusOptions, corpusNames, readCorpus } from "./data/node/corpora.ts";
export * from "./models/node/index.ts";
export * from "./parallel/node/index.ts";
