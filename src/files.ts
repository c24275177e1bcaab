/** worldsize/files: what programs do with files, in Node only. Models and checkpoints, also of many ranks, text to learn from, and pages of keys and values. */
export { type CorpusOptions, corpusNames, readCorpus } from "./data/node/corpora.ts";
export * from "./models/node/index.ts";
export * from "./parallel/node/index.ts";
export * from "./serve/node/index.ts";
