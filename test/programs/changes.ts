/** Every change of a tensor's type along an axis, forward and backward, on values that say where they come from. */
import { defineScript, type Tensor } from "worldsize";
import { type AxisType, changes, changeType, Mesh } from "worldsize/parallel";

export default defineScript({
  about: "Changes types of tensors along an axis of a mesh.",
  async main({ world, device, show }) {
    const mesh = await Mesh.create(world, { all: world.size });
    const group = mesh.group("all");
    const shape = world.size > 3 ? [world.size, world.size] : [2 * world.size, 3 * world.size];
    const values = (rows: number, columns: number, factor: number): Tensor =>
      device.tensor(
        Array.from({ length: rows }, (_, r) =>
          Array.from({ length: columns }, (_, c) => factor * (world.rank + 1) + 10 * r + c),
        ),
      );
    for (const name of Object.keys(changes)) {
      const [from, to] = name.split(" → ") as AxisType[];
      for (const axis of [0, 1, -1]) {
        const x = values(shape[0], shape[1], 1000).requiresGrad_();
        const y = changeType(x, group, from, to, { axis });
        const dy = values(y.shape[0], y.shape[1], 7);
        y.backward(dy);
        show.row({ name, axis, y: JSON.stringify(await y.toArray()), dx: JSON.stringify(await x.grad?.toArray()) });
      }
    }
  },
});
