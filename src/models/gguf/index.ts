/** GGUF files: a model of ours for llama.cpp, and reading them back. */
export { exportGguf, type GgufExport, namedTensors } from "./export.ts";
export type { GgufDType, GgufValue } from "./format.ts";
export type { GgufTokens } from "./metadata.ts";
export { packTensor, splitGroups, unpackTensor } from "./pack.ts";
export { type GgufFile, type GgufView, readGguf } from "./read.ts";
export type { NamedTensor } from "./tensors.ts";
export { type GgufTensor, writeGguf } from "./write.ts";
