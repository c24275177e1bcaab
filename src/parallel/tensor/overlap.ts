/**
 * Backward in which collectives and products run at the same time: while the gradient of a layer's input is summed over
 * ranks, the gradients of the layer's weights are computed, since nobody waits for them (Megatron-LM's
 * async_tensor_model_parallel_allreduce).
 */
import { tapeOf } from "../../autograd/index.ts";
import type { TensorDevice } from "../../tensor/index.ts";

/**
 * Runs backward passes, `() => loss.backward()`, in which every change of a type issues its collective, launches the gradients
 * of weights that were put off before it, and then lets the stream wait. The gradients are those of the plain pass bit for
 * bit, and hooks on parameters fire, though later. What is left is computed before this returns.
 */
export function overlapWeights(device: TensorDevice, backward: () => void): void {
  tapeOf(device).overlapWeights(backward);
}
