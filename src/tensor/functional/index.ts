/** One function with named arguments for each fused kernel; what is built of layers is written in these. */
export * from "./activations.ts";
export * from "./attention.ts";
export * from "./experts.ts";
export * from "./linear.ts";
export * from "./lookup.ts";
export * from "./norms.ts";
export * from "./optimizer.ts";
export * from "./pages.ts";
export * from "./placement.ts";
export * from "./quantized.ts";
export * from "./routing.ts";
export * from "./sgd.ts";
