/** The two forms of the layer that works on each token alone. */
import { functional as F, type Tensor, type TensorDevice } from "../tensor/index.ts";
import { type LayerOptions, Linear } from "./layers.ts";
import { Module } from "./module.ts";

/** Form of a multi-layer perceptron. */
export interface MlpOptions extends LayerOptions {
  readonly bias?: boolean;
  /** First values of the last projection, which deep models begin smaller. */
  readonly outputInit?: LayerOptions["init"];
}

/** down(gelu(up(x))), as GPT-2 has it. */
export class MLP extends Module {
  /** [hidden, width] */
  readonly up: Linear;
  /** [width, hidden] */
  readonly down: Linear;

  constructor(device: TensorDevice, width: number, hidden: number, { outputInit, ...options }: MlpOptions = {}) {
    super(device);
    this.up = new Linear(device, width, hidden, options);
    this.down = new Linear(device, hidden, width, { ...options, init: outputInit ?? options.init });
  }

  /** @param x f32 [..., width] */
  forward(x: Tensor): Tensor {
    return this.down.call(F.gelu({ x: this.up.call(x) }));
  }
}

/** down(silu(gate(x)) · up(x)) (Shazeer, 2020), as Llama has it. */
export class GatedMLP extends Module {
  /** What decides: [hidden, width]. */
  readonly gate: Linear;
  /** What is let through: [hidden, width]. */
  readonly up: Linear;
  /** [width, hidden] */
  readonly down: Linear;

  constructor(
    device: TensorDevice,
    width: number,
    hidden: number,
    { outputInit, bias = false, ...rest }: MlpOptions = {},
  ) {
    super(device);
    const options = { ...rest, bias };
    this.gate = new Linear(device, width, hidden, options);
    this.up = new Linear(device, width, hidden, options);
    this.down = new Linear(device, hidden, width, { ...options, init: outputInit ?? options.init });
  }

  /** @param x f32 [..., width] */
  forward(x: Tensor): Tensor {
    return this.down.call(F.swiglu({ gate: this.gate.call(x), up: this.up.call(x) }));
  }
}
