/** Gradients that are terms of a sum: those of parameters that are whole on each rank, and that each uses for some tokens. */
import type { Parameter } from "../../nn/index.ts";
import { functional as F, type TensorDevice } from "../../tensor/index.ts";
import type { Mesh } from "../mesh.ts";

/**
 * Sums the gradients that are partial along axes of the mesh, in place: once a step, after the last backward and before
 * gradients are clipped or averaged. One all-reduce for each axis, and dtype of gradients. The plain version: engines of
 * data parallelism put these into their buckets.
 * @param parameters of which those without a gradient are left out, on all ranks alike.
 */
export function sumPartialGradients(parameters: Iterable<Parameter>, mesh: Mesh): void {
  const all = [...parameters];
  for (const axis of mesh.axes) {
    const partial = all.filter(({ part, grad }) => part.partial.includes(axis) && grad);
    for (const dtype of new Set(partial.map(({ grad }) => grad?.dtype))) {
      const gradients = partial.flatMap(({ grad }) => (grad && grad.dtype === dtype ? [grad] : []));
      const device = gradients[0].device as TensorDevice;
      const size = gradients.reduce((sum, gradient) => sum + gradient.size, 0);
      device.noGrad(() =>
        device.scope(() => {
          const bucket = device.empty([size], dtype);
          let at = 0;
          const places = gradients.map((gradient) => bucket.slice(0, at, (at += gradient.size)));
          for (const [i, target] of places.entries())
            F.place_({ source: gradients[i].contiguous().reshape([-1]), target });
          mesh.group(axis).allReduce(bucket).wait();
          for (const [i, gradient] of gradients.entries()) gradient.copy_(places[i].reshape(gradient.shape));
          return undefined;
        }),
      );
    }
  }
}
