// A list of who serves whom, made the same by everybody, and followed.
import type { ProcessGroup, Tensor } from "worldsize";

interface Serve {
  readonly from: number;
  readonly to: number;
}

function plan(size: number, root: number): Serve[] {
  const order = [root, ...Array.from({ length: size }, (_, r) => r).filter((r) => r !== root)];
  const serves: Serve[] = [];
  for (let have = 1; have < size; have *= 2) {
    for (let i = 0; i < have && have + i < size; i++) serves.push({ from: order[i], to: order[have + i] });
  }
  return serves;
}

export async function treeBroadcast(world: ProcessGroup, x: Tensor, root: number): Promise<void> {
  for (const { from, to } of plan(world.size, root)) {
    if (from === world.rank) await world.send(x, to);
    if (to === world.rank) await world.recv(x, from);
  }
}
