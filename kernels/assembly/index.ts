// Everything the host can launch. src/device/kernels declares each one's cost and bounds.
export { attention, attentionBackward, attentionPaged, attentionScratchBytes } from "./attention";
export { argmax, reduce } from "./reduce";
export { combine } from "./combine";
export { binary, compare, convert, copyBytes, fill, unary } from "./elementwise";
export { gatherRows, scatterAddRows } from "./embedding";
export { gemm, gemmScratchBytes } from "./gemm";
export { gelu, geluBackward, silu, siluBackward, swiglu, swigluBackward } from "./gate";
export { crossEntropy } from "./loss";
export { layerNorm, layerNormBackward, rmsNorm, rmsNormBackward } from "./norm";
export { adam, adamw, adamwMaster, gradNorm, sgd, squares } from "./optim";
export { peakMadd } from "./peak";
export { matmul4, matmul8, quantize4, quantize8, quantizedScratchBytes } from "./quantized";
export { dropout, randomInt, randomNormal, randomUniform } from "./random";
export { place, placeAdd, scaleBy } from "./place";
export { route, routeBackward, sortByExpert } from "./route";
export { rope } from "./rope";
export { narrow, widen } from "./mean";
export { softmax } from "./softmax";
