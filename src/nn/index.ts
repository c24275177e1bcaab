/** Modules, losses and optimizers. */
export { Adam, type AdamOptions, AdamW } from "./adam.ts";
export {
  type AttentionOptions,
  type KeyValueCache,
  type RotaryTables,
  SelfAttention,
  type Sequences,
} from "./attention.ts";
export { clipGradNorm_, gradientNorm } from "./clip.ts";
export { initialize } from "./initialize.ts";
export { Dropout, Embedding, inF32, LayerNorm, type LayerOptions, Linear, RMSNorm, Sequential } from "./layers.ts";
export { type CrossEntropyOptions, crossEntropy, IGNORED, type Loss, squaredError } from "./loss.ts";
export { GatedMLP, MLP, type MlpOptions } from "./mlp.ts";
export { type Around, Module } from "./module.ts";
export { type Balance, balanceLoss, routerZLoss, rowsPerExpert } from "./moe/balance.ts";
export { type Experts, type MixtureTokens, MoE, type MoeOptions, moveBias } from "./moe/moe.ts";
export { Optimizer, type ParameterGroup, type ParameterState, type StepOptions } from "./optimizer.ts";
export { type Init, Parameter, type ParameterOptions, type Part } from "./parameter.ts";
export { type WarmupCosine, warmupCosine } from "./schedule.ts";
export { SGD, type SgdOptions } from "./sgd.ts";
export { ParameterTree } from "./tree.ts";
