// Products of a mixture of experts: the rows of each expert lie together, and where they begin is in memory, so that
// the host need not wait to know. A list names the experts' weights.
import { gemm } from "./gemm";
import { Ptr } from "./lanes";

/** Whether boundaries grow from 0 and stay within the rows. Returns 0, or 1 + the first expert whose do not. */
function bad(starts: Ptr, experts: i32, rows: i32): i32 {
  let last = 0;
  for (let e = 0; e <= experts; e++) {
    const at = load<i32>(starts + <Ptr>e * 4);
    if (at < last || at > rows) return e + 1;
    last = at;
  }
  return 0;
}

/** Rows of no expert, before the first and behind the last, become zeros. */
function blank(starts: Ptr, y: Ptr, experts: i32, rows: i32, width: i32): void {
  const bytes = <Ptr>width * 4, end = <Ptr>load<i32>(starts + <Ptr>experts * 4) * bytes;
  memory.fill(y, 0, <Ptr>load<i32>(starts) * bytes);
  memory.fill(y + end, 0, <Ptr>rows * bytes - end);
}

/**
 * y = x Wᵀ for the rows of each expert: list of (W [output, input], n), starts [experts + 1]; rows of none become zeros.
 * Returns 0, or 1 + the first expert whose rows do not exist.
 */
export function expertsForward(list: Ptr, starts: Ptr, x: Ptr, y: Ptr, experts: i32, rows: i32, input: i32, output: i32,
                               scratch: Ptr): i32 {
  const wrong = bad(starts, experts, rows);
  if (wrong) return wrong;
  blank(starts, y, experts, rows, output);
  for (let e = 0; e < experts; e++) {
    const from = load<i32>(starts + <Ptr>e * 4), m = load<i32>(starts + <Ptr>e * 4, 4) - from;
    gemm(x + <Ptr>(from * input) * 4, <Ptr>load<u32>(list + <Ptr>e * 8), y + <Ptr>(from * output) * 4,
      m, output, input, input, 1, 1, input, output, 0, scratch);
  }
  return 0;
}

/** dx = dy W for the rows of each expert; rows of none become zeros. Returns as expertsForward. */
export function expertsInput(list: Ptr, starts: Ptr, dy: Ptr, dx: Ptr, experts: i32, rows: i32, input: i32, output: i32,
                             scratch: Ptr): i32 {
  const wrong = bad(starts, experts, rows);
  if (wrong) return wrong;
  blank(starts, dx, experts, rows, input);
  for (let e = 0; e < experts; e++) {
    const from = load<i32>(starts + <Ptr>e * 4), m = load<i32>(starts + <Ptr>e * 4, 4) - from;
    gemm(dy + <Ptr>(from * output) * 4, <Ptr>load<u32>(list + <Ptr>e * 8), dx + <Ptr>(from * input) * 4,
      m, input, output, output, 1, input, 1, input, 0, scratch);
  }
  return 0;
}

/** dW += dyᵀ x over the rows of each expert: list of (dW [output, input], n). Returns as expertsForward. */
export function expertsWeight(list: Ptr, starts: Ptr, dy: Ptr, x: Ptr, experts: i32, rows: i32, input: i32, output: i32,
                              scratch: Ptr): i32 {
  const wrong = bad(starts, experts, rows);
  if (wrong) return wrong;
  for (let e = 0; e < experts; e++) {
    const from = load<i32>(starts + <Ptr>e * 4), m = load<i32>(starts + <Ptr>e * 4, 4) - from;
    gemm(dy + <Ptr>(from * output) * 4, x + <Ptr>(from * input) * 4, <Ptr>load<u32>(list + <Ptr>e * 8),
      output, input, m, 1, output, input, 1, input, 1, scratch);
  }
  return 0;
}
