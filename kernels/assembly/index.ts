// Everything the host can launch. src/device/kernels.ts declares each one's cost and bounds.
export { argmax, reduce } from "./reduce";
export { combine } from "./combine";
export { binary, compare, convert, copyBytes, fill, unary } from "./elementwise";
export { gatherRows, scatterAddRows } from "./embedding";
export { gemm, gemmScratchBytes } from "./gemm";
export { peakMadd } from "./peak";
export { randomInt, randomNormal, randomUniform } from "./random";
export { softmax } from "./softmax";
