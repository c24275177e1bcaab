// Models that are timed: the storyteller, and one without training whose weights do not fit into a cache.
import { initialize, type TensorDevice } from "worldsize";
import { Decoder, llamaShape } from "worldsize/models";

/** Speed does not depend on what weights say: 26 million of them, drawn from a seed. */
export function wideModel(device: TensorDevice): Decoder {
  const shape = { vocabularySize: 1024, width: 512, layers: 8, heads: 8, ffnWidth: 1408, maxPositions: 1024 };
  const model = new Decoder(device, llamaShape(shape));
  initialize(model, 0);
  return model;
}

/** How many weights a model has. */
export function weightsOf(model: Decoder): number {
  return model.parameters().reduce((sum, { size }) => sum + size, 0);
}
