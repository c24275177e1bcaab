/**
 * Gradients that travel together. Each lies in its place in one tensor, where backward adds it up, so nothing is copied
 * before the sum over ranks, and nothing after it (gradient_as_bucket_view of torch's DDP).
 */
import { tapeOf } from "../../autograd/index.ts";
import { type DType, sizeOf } from "../../device/index.ts";
import type { Parameter } from "../../nn/index.ts";
import type { Tensor, TensorDevice } from "../../tensor/index.ts";
import type { ProcessGroup, Work } from "../../world/index.ts";

/** Parameters whose gradients make up a bucket. */
export interface BucketPlan {
  readonly parameters: readonly Parameter[];
  /** Of the gradients. */
  readonly dtype: DType;
}

/** Dtype in which a parameter's gradients are added up. */
export function gradDTypeOf(parameter: Parameter): DType {
  return tapeOf(parameter.device).gradDType(parameter);
}

/**
 * Fills buckets with parameters in the order that is given, each as far as it fits.
 * @param limits bytes of the first bucket, of the second, and so on; the last one holds for all that follow.
 */
export function planBuckets(parameters: readonly Parameter[], limits: readonly number[]): BucketPlan[] {
  const plans: { parameters: Parameter[]; dtype: DType; bytes: number }[] = [];
  const open = new Map<DType, (typeof plans)[number]>();
  for (const parameter of parameters) {
    const dtype = gradDTypeOf(parameter);
    const bytes = parameter.size * sizeOf(dtype);
    let plan = open.get(dtype);
    const limit = limits[Math.min(plan ? plans.indexOf(plan) : plans.length, limits.length - 1)];
    if (!plan || plan.bytes + bytes > limit) {
      plan = { parameters: [], dtype, bytes: 0 };
      plans.push(plan);
      open.set(dtype, plan);
    }
    plan.parameters.push(parameter);
    plan.bytes += bytes;
  }
  return plans;
}

/** One bucket. */
export class Bucket {
  readonly parameters: readonly Parameter[];
  readonly #places: readonly Tensor[];
  readonly #whole: Tensor;
  /** On how many ranks each parameter had a gradient; in the bucket that carries it. */
  readonly #used: Tensor | undefined;
  #missing: number;
  #work: Work<Tensor> | undefined;

  /** @param carried how many numbers more it carries, such as one for each parameter of all buckets. */
  constructor(device: TensorDevice, { parameters, dtype }: BucketPlan, carried: number) {
    this.parameters = parameters;
    this.#missing = parameters.length;
    const size = parameters.reduce((sum, each) => sum + each.size, 0);
    this.#whole = device.unscoped(() => device.empty([size + carried], dtype, "gradients"));
    let from = 0;
    this.#places = parameters.map((parameter) => {
      const to = from + parameter.size;
      const place = device.unscoped(() => this.#whole.slice(0, from, to).reshape(parameter.shape));
      from = to;
      tapeOf(device).placeGrad(parameter, place);
      return place;
    });
    this.#used = carried > 0 ? device.unscoped(() => this.#whole.slice(0, size)) : undefined;
  }

  /** Bytes that it sends. */
  get bytes(): number {
    return this.#whole.size * sizeOf(this.#whole.dtype);
  }

  /** Whether all its gradients are there. */
  get isFull(): boolean {
    return this.#missing === 0;
  }

  /** One more of its gradients is there. */
  arrived(): void {
    this.#missing--;
  }

  /**
   * Starts its sum over the ranks. What has no gradient here counts as zeros.
   * @param used whether each parameter of all buckets has one here: for the bucket that carries it.
   */
  send(group: ProcessGroup, operator: "sum" | "mean", used: readonly boolean[]): void {
    const device = this.#whole.device as TensorDevice;
    device.noGrad(() => {
      for (const [i, { grad }] of this.parameters.entries()) if (grad === null) this.#places[i].fill_(0);
      if (!this.#used) return;
      if (used.every(Boolean)) this.#used.fill_(1);
      else {
        using flags = device.from(used.map(Number), [used.length], this.#used.dtype);
        this.#used.copy_(flags);
      }
    });
    if (group.size > 1) this.#work = group.allReduce(this.#whole, operator); // one rank has the sum
  }

  /** The stream waits for the sum. */
  wait(): void {
    this.#work?.wait();
  }

  /** On how many ranks, or on what share of them, each parameter had a gradient: the host waits. */
  async used(): Promise<ArrayLike<number>> {
    await this.#work;
    return (await this.#used?.data()) ?? [];
  }

  /** Every parameter that was used somewhere has its gradient now. @param isUsed by parameter. */
  settle(isUsed: (parameter: Parameter) => boolean): void {
    for (const [i, parameter] of this.parameters.entries()) {
      if (parameter.grad === null && isUsed(parameter)) parameter.grad = this.#places[i];
    }
  }

  /** Begins anew, for the next step. */
  reset(): void {
    this.#missing = this.parameters.length;
    this.#work = undefined;
  }

  /** Gives its memory up; gradients lie where they like from now on. */
  dispose(): void {
    for (const [i, parameter] of this.parameters.entries()) {
      tapeOf(parameter.device).placeGrad(parameter, undefined);
      this.#places[i].dispose();
    }
    this.#used?.dispose();
    this.#whole.dispose();
  }
}
