// Everything the host can launch. src/device/kernels declares each one's cost and bounds.
export { attention, attentionBackward, attentionPaged, attentionScratchBytes } from "./attention";
export { argmax, reduce } from "./reduce";
export { combine } from "./combine";
export { binary, compare, convert, copyBytes, fill, unary } from "./elementwise";
export { gatherRows, scatterAddRows } from "./embedding";
export { gemm, gemmScratchBytes } from "./gemm";
export { gelu, geluBackward, swiglu, swigluBackward } from "./gate";
export { crossEntropy } from "./loss";
export { layerNorm, layerNormBackward, rmsNorm, rmsNormBackward } from "./norm";
export { adamw, gradNorm } from "./optim";
export { peakMadd } from "./peak";
export { matmul4, matmul8, quantize4, quantize8, quantizedScratchBytes } from "./quantized";
export { dropout, randomInt, randomNormal, randomUniform } from "./random";
export { rope } from "./rope";
export { narrow, widen } from "./mean";
export { softmax } from "./softmax";
