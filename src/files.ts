/** worldsize/files: what programs do with files, in Node only. Models and checkpoints, and text to learn from. */
export { type CorpusOptions, corpusNames, readCorpus } from "./data/node/corpora.ts";
export * from "./models/node/index.ts";
