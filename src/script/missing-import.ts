/** What probably happened when a program uses a name that it has not imported. */

/** Values that programs import from "worldsize"; test/cli/missing-import.test.ts compares them with what it exports. */
export const importable = [
  "AbortError",
  "Adam",
  "AdamW",
  "Dropout",
  "Embedding",
  "GatedMLP",
  "IGNORED",
  "JobError",
  "LayerNorm",
  "Linear",
  "MLP",
  "MoE",
  "Module",
  "Optimizer",
  "OutOfMemoryError",
  "Parameter",
  "ParameterTree",
  "ProcessGroup",
  "RMSNorm",
  "SGD",
  "SelfAttention",
  "Sequential",
  "Tensor",
  "Work",
  "allReduceAlgorithms",
  "allReduceCosts",
  "balanceLoss",
  "boolean",
  "busFactor",
  "choice",
  "clipGradNorm_",
  "crossEntropy",
  "customOperation",
  "defineScript",
  "functional",
  "gradientNorm",
  "inF32",
  "initialize",
  "moveBias",
  "number",
  "recompute",
  "routerZLoss",
  "rowsPerExpert",
  "squaredError",
  "string",
  "tapeOf",
  "warmupCosine",
];

/** @returns the line to add if an error says that one of worldsize's names is not defined, else "". */
export function missingImport(error: Error): string {
  if (!(error instanceof ReferenceError)) return "";
  // "x is not defined" in V8 and SpiderMonkey, "Can't find variable: x" in JavaScriptCore
  const name = /^(\w+) is not defined$|^Can't find variable: (\w+)$/.exec(error.message)?.slice(1).find(Boolean);
  if (name === undefined || !importable.includes(name)) return "";
  return `The import is missing. Write at the top: import { ${name} } from "worldsize";`;
}
