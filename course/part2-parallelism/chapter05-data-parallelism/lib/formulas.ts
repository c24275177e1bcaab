// What ZeRO's stages keep on a rank, and what it sends in a step: computed from the shapes of a model's parameters.

/** ZeRO's stage; 0 is plain data parallelism. */
export type Stage = 0 | 1 | 2 | 3;

/** The shapes of the parameters that are gathered together: the rest of the model first, then each block's. */
export type UnitShapes = readonly (readonly (readonly number[])[])[];

const sizeOfShape = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

/** Elements of a parameter that each rank has room for: ⌈rows / ranks⌉ rows of it. */
function room([rows, ...others]: readonly number[], ranks: number): number {
  return Math.ceil(rows / ranks) * sizeOfShape(others);
}

/** Peaks on rank 0, which has the most rows, in bytes of f32. What kernels and messages take is not in it. */
export function keeps(stage: Stage, units: UnitShapes, ranks: number, micro: number) {
  const whole = units.map((shapes) => 4 * sum(shapes.map(sizeOfShape)));
  const own = units.map((shapes) => 4 * sum(shapes.map((shape) => room(shape, ranks))));
  const [all, share] = [sum(whole), sum(own)];
  const [rest] = whole;
  const block = Math.max(0, ...whole.slice(1));
  const ownBlock = Math.max(0, ...own.slice(1));
  return {
    // The rest of the model stays whole through forward and backward; of the blocks, one is.
    parameters: stage < 3 ? all : share + rest + block,
    // Whole gradients wait for the last micro-batch; with one alone, stages 2 and 3 reduce each block as it comes.
    gradients:
      stage < 2 || micro > 1
        ? all
        : Math.max(sum(own.slice(1)) - ownBlock + block + rest, sum(own.slice(1)) + rest, share),
    optimizer: 2 * (stage === 0 ? all : share),
  };
}

/**
 * Bytes that a rank sends in a step by rings: an all_reduce of B bytes is 2 (n - 1)/n B, an all_gather or a reduce_scatter
 * half of that. Stage 3 gathers blocks for forward and again for backward, in every micro-batch; the rest of the model once.
 * @param wide bytes of an element that is gathered.
 */
export function sends(stage: Stage, units: UnitShapes, ranks: number, micro: number, wide: number): number {
  const share = (ranks - 1) / ranks;
  const flags = sum(units.map((shapes) => shapes.length));
  if (stage === 0) return 2 * share * 4 * (sum(units.flat().map(sizeOfShape)) + flags);
  const padded = units.map((shapes) => ranks * sum(shapes.map((shape) => room(shape, ranks))));
  const [rest, ...blocks] = padded;
  const gathered = stage < 3 ? rest + sum(blocks) : micro * (rest + 2 * sum(blocks));
  return share * (wide * gathered + 4 * (sum(padded) + ranks * flags));
}
