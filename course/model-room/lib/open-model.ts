// A model and its tokenizer, by the name that it ships under or by its folder.
import type { TensorDevice } from "worldsize";
import { type ReadOptions, readModelFolder } from "worldsize/files";
import type { Decoder, Tokenizer } from "worldsize/models";

/** Models that ship with the course. */
export const shipped = ["storyteller", "draft"] as const;

/**
 * @param name one of `shipped`, or the path of a Hugging Face folder. @param dtype of the weights; f32 if not given.
 * @throws Error for what is not there, or is not what it says.
 */
export async function openModel(
  device: TensorDevice,
  name: string,
  dtype?: ReadOptions["dtype"],
): Promise<{ model: Decoder; tokenizer: Tokenizer }> {
  const isShipped = (shipped as readonly string[]).includes(name);
  return readModelFolder(device, isShipped ? new URL(`../models/${name}/`, import.meta.url) : name, { dtype });
}
