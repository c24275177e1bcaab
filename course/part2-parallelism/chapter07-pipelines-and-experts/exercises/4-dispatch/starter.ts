// Exercise 7.4: tokens go to the ranks that have their experts, and results come back.
//
// Three allToAll: counts, rows, results. Every rank calls all of them, also one without tokens, or whose experts nobody chose.
import type { ProcessGroup, Tensor, TensorDevice } from "worldsize";

export async function mixture(
  world: ProcessGroup,
  device: TensorDevice,
  x: Tensor, // [tokens, width]: this rank's tokens
  chosen: number[][], // of each token: its experts, counted over all ranks; -1 was dropped
  weight: number[][], // and their weights
  experts: ((rows: Tensor) => Tensor)[], // this rank's: expert e is number e % experts.length of rank ⌊e / experts.length⌋
): Promise<Tensor> {
  // Every token computed by the first expert that lies here: right for nobody.
  return x.shape[0] === 0 ? x.clone() : experts[0](x).mul(weight[0][0]);
}
