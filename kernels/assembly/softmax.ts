// Softmax over rows of f32, in three passes over a row that sits in cache:
// its maximum, the exponentials and their sum, the scaling.
import { Ptr } from "./lanes";
import { largest, scaleRow } from "./rows";
import { expRow } from "./sweep";

/** y[r,:] = softmax(x[r,:]) for rows x cols of f32. In place allowed. */
export function softmax(x: Ptr, y: Ptr, rows: i32, cols: i32): void {
  const bytes = <Ptr>cols * 4;
  for (let r = 0; r < rows; r++, x += bytes, y += bytes) {
    const sum = expRow(x, y, bytes, 1, largest(x, bytes));
    scaleRow(y, bytes, 1 / sum);
  }
}
