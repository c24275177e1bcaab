/** The layers that models are made of, with torch.nn's names and first values. */
import { functional as F, type Tensor, type TensorDevice } from "../tensor/index.ts";
import { Module } from "./module.ts";
import { type Init, Parameter, type ParameterOptions } from "./parameter.ts";

/** What every layer can be told of its parameters. */
export type LayerOptions = Pick<ParameterOptions, "dtype" | "gradDType" | "empty" | "meta" | "init">;

/** A parameter in f32, in which all fused functions compute. */
export function inF32(parameter: Parameter): Tensor {
  return parameter.dtype === "f32" ? parameter : parameter.to("f32");
}

/** y = x Wᵀ + b. */
export class Linear extends Module<[x: Tensor], Tensor> {
  /** [out, in] */
  readonly weight: Parameter;
  /** [out] */
  readonly bias: Parameter | undefined;

  /** Weights begin as torch's: uniform within 1 / √in. */
  constructor(device: TensorDevice, input: number, output: number, options: LayerOptions & { bias?: boolean } = {}) {
    super(device);
    const { bias = true, ...rest } = options;
    const init: Init = { kind: "uniform", bound: 1 / Math.sqrt(Math.max(1, input)) };
    this.weight = new Parameter(device, [output, input], { ...rest, init: rest.init ?? init });
    this.bias = bias
      ? new Parameter(device, [output], { ...rest, init: rest.init ? { kind: "zeros" } : init })
      : undefined;
  }

  /** @param x f32 [..., in]. @returns [..., out]. @throws RangeError for another number of columns. */
  forward(x: Tensor): Tensor {
    return F.linear({ x, weight: inF32(this.weight), bias: this.bias && inF32(this.bias) });
  }
}

/** Rows of a table, by index. */
export class Embedding extends Module<[index: Tensor], Tensor> {
  /** [rows, width] */
  readonly weight: Parameter;

  /** Weights begin as torch's: normal with standard deviation 1. */
  constructor(device: TensorDevice, rows: number, width: number, options: LayerOptions = {}) {
    super(device);
    this.weight = new Parameter(device, [rows, width], {
      ...options,
      init: options.init ?? { kind: "normal", std: 1 },
    });
  }

  /** @param index i32, any shape. @returns [...index, width]. @throws KernelError, at the next wait, for a row that is not there. */
  forward(index: Tensor): Tensor {
    return F.embedding({ table: inF32(this.weight), index });
  }
}

/** x / √(mean(x²) + eps) · weight along the last axis (Zhang and Sennrich, 2019). */
export class RMSNorm extends Module<[x: Tensor], Tensor> {
  /** [width] */
  readonly weight: Parameter;
  /** Added to the mean square. */
  readonly eps: number;

  constructor(device: TensorDevice, width: number, { eps = 1e-5, ...options }: LayerOptions & { eps?: number } = {}) {
    super(device);
    this.weight = new Parameter(device, [width], { ...options, init: { kind: "ones" } });
    this.eps = eps;
  }

  /** @param x f32 [..., width] */
  forward(x: Tensor): Tensor {
    return F.rmsNorm({ x: x.contiguous(), weight: inF32(this.weight), eps: this.eps }).y;
  }
}

/** (x - mean) / √(variance + eps) · weight + bias along the last axis (Ba, Kiros and Hinton, 2016). */
export class LayerNorm extends Module<[x: Tensor], Tensor> {
  /** [width] */
  readonly weight: Parameter;
  /** [width] */
  readonly bias: Parameter;
  /** Added to the variance. */
  readonly eps: number;

  constructor(device: TensorDevice, width: number, { eps = 1e-5, ...options }: LayerOptions & { eps?: number } = {}) {
    super(device);
    this.weight = new Parameter(device, [width], { ...options, init: { kind: "ones" } });
    this.bias = new Parameter(device, [width], { ...options, init: { kind: "zeros" } });
    this.eps = eps;
  }

  /** @param x f32 [..., width] */
  forward(x: Tensor): Tensor {
    const [weight, bias] = [inF32(this.weight), inF32(this.bias)];
    return F.layerNorm({ x: x.contiguous(), weight, bias, eps: this.eps }).y;
  }
}

/** Sets a share p of the elements to 0 and divides the others by 1 - p, while training. */
export class Dropout extends Module<[x: Tensor, place?: F.PartPlace], Tensor> {
  /** Share that becomes 0. */
  readonly p: number;
  /** Name under which the masks are drawn. */
  readonly name: string;

  /** @param name under which its masks are drawn: they depend on it, the device's seed, the step and the element. */
  constructor(device: TensorDevice, p = 0.5, name = "dropout") {
    super(device);
    this.p = p;
    this.name = name;
  }

  /** @param place which part of a whole x is, where ranks share one: together they drop what one rank would. */
  forward(x: Tensor, place?: F.PartPlace): Tensor {
    if (!this.training || this.p === 0) return x.view();
    return F.dropout({ x: x.contiguous(), p: this.p, seed: this.device.randomKey(this.name), place });
  }
}

/** Modules one after the other. */
export class Sequential extends Module<[x: Tensor], Tensor> {
  /** In the order in which they are called. */
  readonly layers: readonly Module<[x: Tensor], Tensor>[];

  constructor(device: TensorDevice, ...layers: Module<[x: Tensor], Tensor>[]) {
    super(device);
    this.layers = layers;
  }

  forward(x: Tensor): Tensor {
    return this.layers.reduce((y, layer) => layer.call(y), x);
  }
}
