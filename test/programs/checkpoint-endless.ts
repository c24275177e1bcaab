/** Saves checkpoints for ever, from the newest on: every number in one is its step's. */
import { AdamW, defineScript, Module, Parameter, string, type Tensor, type TensorDevice } from "worldsize";
import { ShardedCheckpoints } from "worldsize/files";
import { FullyShardedDataParallel } from "worldsize/parallel";

class Small extends Module {
  readonly rows: Parameter;
  readonly bias: Parameter;

  constructor(device: TensorDevice) {
    super(device);
    this.rows = new Parameter(device, [5, 2]);
    this.bias = new Parameter(device, [3]);
  }

  forward(x: Tensor): Tensor {
    return x;
  }
}

export default defineScript({
  about: "Saves checkpoints for ever.",
  options: { folder: string("", "of the checkpoints") },
  async main({ world, device, options }) {
    const model = new Small(device);
    await FullyShardedDataParallel.wrap(model, world);
    const optimizer = new AdamW(model.parameters());
    const checkpoints = await ShardedCheckpoints.open(world, options.folder);
    for (let step = ((await checkpoints.latest())?.step ?? 0) + 1; ; step++) {
      for (const parameter of model.parameters()) {
        if (parameter.size > 0) device.noGrad(() => parameter.fill_(step));
        const make = (): Tensor => device.unscoped(() => device.full([...parameter.shape], step));
        optimizer.setState(parameter, { step, tensors: { first: make(), second: make() } });
      }
      await checkpoints.save(step, { model, optimizer, state: { at: step } });
    }
  },
});
