// Three small collectives: the value, the lowest rank that has it, and where it stands there.
import type { ProcessGroup, Tensor, TensorDevice } from "worldsize";

export async function argmax(
  world: ProcessGroup,
  device: TensorDevice,
  x: Tensor,
): Promise<{ value: number; rank: number; index: number }> {
  const numbers = (await x.toArray()) as number[];

  const top = x.max();
  await world.allReduce(top, "max");
  const value = await top.item();

  const offer = device.tensor([numbers.includes(value) ? world.rank : world.size], "i32");
  await world.allReduce(offer, "min");
  const rank = await offer.item();

  const place = device.tensor([numbers.indexOf(value)], "i32");
  await world.broadcast(place, rank);
  return { value, rank, index: await place.item() };
}
