/** Linears alone under each style, and norms whose tokens are cut: everything that a rank has afterwards, in whole numbers. */
import { defineScript, LayerNorm, Linear, RMSNorm, type Tensor, type TensorDevice } from "worldsize";
import {
  changeType,
  columns,
  input,
  Mesh,
  overlapWeights,
  partialGradients,
  rows,
  sumPartialGradients,
  tensorParallel,
} from "worldsize/parallel";

/** W[o][i] = 4 o + i + 1, b[o] = 100 (o + 1). */
function makeLinear(device: TensorDevice, inputs: number, outputs: number): Linear {
  const linear = new Linear(device, inputs, outputs);
  device.noGrad(() => {
    linear.weight.copy_(
      device
        .arange(inputs * outputs)
        .add(1)
        .reshape([outputs, inputs]),
    );
    linear.bias?.copy_(device.arange(outputs).add(1).mul(100));
  });
  return linear;
}

export default defineScript({
  about: "Linears and norms under the styles of tensor parallelism.",
  async main({ world, device, show }) {
    const mesh = await Mesh.create(world, { tp: world.size });
    const group = mesh.group("tp");
    const tell = async (name: string, tensors: Record<string, Tensor | null | undefined>): Promise<void> => {
      const values: Record<string, string> = {};
      for (const [key, tensor] of Object.entries(tensors)) values[key] = JSON.stringify(await tensor?.toArray());
      show.row({ name, ...values });
    };
    for (const [tokens, inputs, outputs] of [
      [2, 4, 3],
      [world.size, 2 * world.size, 2 * world.size],
    ]) {
      if (inputs % world.size !== 0) continue;
      const size = `${tokens} ${inputs} ${outputs}`;
      const x = device
        .arange(tokens * inputs)
        .reshape([tokens, inputs])
        .add(1)
        .requiresGrad_();
      for (const to of ["identical", "varying"] as const) {
        if (to === "varying" && tokens % world.size !== 0) continue;
        const linear = await tensorParallel(makeLinear(device, inputs, outputs), mesh, { "": rows({ to }) });
        const y = linear.call(changeType(x, group, "identical", "varying", { axis: 1 }));
        y.sum().backward();
        sumPartialGradients(linear.parameters(), mesh);
        await tell(`rows ${to} ${size}`, { y, dx: x.grad, dw: linear.weight.grad, db: linear.bias?.grad });
        x.grad = null;
      }
      if (outputs % world.size !== 0) continue;
      for (const from of ["identical", "varying"] as const) {
        if (from === "varying" && tokens % world.size !== 0) continue;
        for (const overlap of [false, true]) {
          const linear = await tensorParallel(makeLinear(device, inputs, outputs), mesh, {
            "": [columns(), input(from, "replicated")],
          });
          const own = from === "identical" ? x : changeType(x, group, "identical", "varying");
          const y = linear.call(own);
          if (overlap) overlapWeights(device, () => y.sum().backward());
          else y.sum().backward();
          await tell(`columns ${from} ${size}`, { y, dx: x.grad, dw: linear.weight.grad, db: linear.bias?.grad });
          x.grad = null;
        }
      }
    }
    // Of width 1, a norm gives 1 for what is positive, so that its gradients are the sums of what arrives.
    for (const norm of [new RMSNorm(device, 1, { eps: 0 }), new LayerNorm(device, 1)]) {
      await tensorParallel(norm, mesh, { "": partialGradients() });
      const first = 2 * world.rank + 1;
      norm.call(device.full([2, 1], 3)).backward(device.tensor([[first], [first + 1]]));
      sumPartialGradients(norm.parameters(), mesh);
      const last = norm.parameters()[norm.parameters().length - 1];
      await tell(norm.constructor.name, { gradient: last.grad });
    }
  },
});
