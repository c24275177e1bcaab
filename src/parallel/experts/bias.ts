/** The bias method over ranks: what experts had to do is counted on all of them. */
import { MoE, moveBias, type ParameterTree } from "../../nn/index.ts";
import type { ProcessGroup } from "../../world/index.ts";

/**
 * Moves the biases of a model's mixtures, once a step, by what their experts had to do on all ranks; all of the group call it
 * alike, so that biases stay the same on them. The stream waits, the host does not.
 * @param group the ranks that see other tokens: of a ParallelDecoder, `mesh.group("copies", "dp", "ep", "cp")`.
 * @param speed how far: 0.001 in DeepSeek-V3 (2024). @throws Error for a mixture without a bias.
 */
export function moveBiasOver(model: ParameterTree, group: ProcessGroup, speed: number): void {
  for (const [, module] of model.namedModules()) {
    if (!(module instanceof MoE)) continue;
    if (module.bias) group.allReduce(module.load).wait();
    moveBias(module, speed);
  }
}
