/**
 * Data parallelism: every rank has the whole model and learns from samples of its own, and the gradients are summed
 * before the step (torch's DistributedDataParallel; Li et al., 2020).
 *
 * Gradients lie in buckets, filled in the reverse order of the model's parameters, which is nearly the order in which
 * backward computes them. A bucket leaves as soon as it is full, in the same order on every rank, while backward goes on.
 *
 * It sums, and does not average: who knows all counts of a step divides the loss once. torch averages; `average` does.
 */

import type { Parameter, ParameterTree } from "../../nn/index.ts";
import type { HookHandle, TensorDevice } from "../../tensor/index.ts";
import type { ProcessGroup } from "../../world/index.ts";
import { type Along, groupAlong } from "./along.ts";
import { Bucket, planBuckets } from "./bucket.ts";

/** How gradients travel. */
export interface DataParallelOptions {
  /** Bytes of the first bucket, and of those that follow: [1 MiB, 25 MiB] if not given, as torch has it. */
  readonly bucketBytes?: readonly number[];
  /** Whether a bucket leaves when it is full, or only when `synchronize` is called: true if not given. */
  readonly overlap?: boolean;
  /** Means over the ranks in place of sums. */
  readonly average?: boolean;
  /** Which of the model's parameters; all, if not given. */
  readonly only?: (parameter: Parameter, path: string) => boolean;
}

const MiB = 2 ** 20;

/** A model whose gradients are summed over ranks. */
export class DistributedDataParallel {
  readonly #group: ProcessGroup;
  readonly #device: TensorDevice;
  readonly #parameters: readonly Parameter[];
  readonly #buckets: readonly Bucket[];
  readonly #operator: "sum" | "mean";
  readonly #overlap: boolean;
  readonly #handles: readonly HookHandle[];
  #sync = true;
  /** Buckets that have left. */
  #sent = 0;

  private constructor(parameters: readonly Parameter[], group: ProcessGroup, options: DataParallelOptions) {
    const { bucketBytes = [MiB, 25 * MiB], overlap = true, average = false } = options;
    checkBytes(bucketBytes);
    this.#group = group;
    this.#device = parameters[0].device as TensorDevice;
    this.#parameters = parameters.toReversed();
    this.#operator = average ? "mean" : "sum";
    this.#overlap = overlap;
    const plans = planBuckets(this.#parameters, bucketBytes);
    this.#buckets = plans.map((plan, i) => {
      return new Bucket(this.#device, plan, i === plans.length - 1 ? parameters.length : 0);
    });
    this.#handles = this.#buckets.flatMap((bucket) =>
      bucket.parameters.map((parameter) => parameter.registerPostAccumulateGradHook(() => this.#arrived(bucket))),
    );
  }

  /**
   * Makes a model's parameters those of the first rank, everywhere, and sums its gradients from now on. Parameters that
   * need no gradient now are left alone.
   * @param along the ranks that see other samples. @throws RangeError for a model without parameters to train, or bytes of
   *   buckets that are none; what broadcast throws where ranks have other models.
   */
  static async wrap(
    model: ParameterTree,
    along: Along,
    options: DataParallelOptions = {},
  ): Promise<DistributedDataParallel> {
    const { only = () => true } = options;
    const all = [...model.namedParameters()].flatMap(([path, parameter]) => (only(parameter, path) ? parameter : []));
    const trained = all.filter(({ requiresGrad }) => requiresGrad);
    if (trained.length === 0)
      throw new RangeError("There is nothing to train: no parameter of the model needs a gradient.");
    const group = groupAlong(along);
    await Promise.all(all.map((parameter) => group.broadcast(parameter)));
    return new DistributedDataParallel(trained, group, options);
  }

  /** The parameters of each bucket, in the order in which the buckets leave, and the bytes that it sends. */
  get buckets(): readonly { readonly parameters: readonly Parameter[]; readonly bytes: number }[] {
    return this.#buckets;
  }

  /**
   * Runs a function whose backward passes add gradients up here alone: all micro-batches of a step but the last, as
   * torch's no_sync.
   */
  noSync<R>(body: () => R): R {
    const before = this.#sync;
    this.#sync = false;
    try {
      return body();
    } finally {
      this.#sync = before;
    }
  }

  /**
   * Ends a step's backward passes: what has not left leaves now, and the stream waits for all of it. Every rank calls it
   * once for each step, also one that had no samples. Parameters that no rank has used keep no gradient at all; those that
   * another rank has used have theirs here, too. Where this rank has used all of them, nothing waits on the host.
   */
  async synchronize(): Promise<void> {
    while (this.#sent < this.#buckets.length) this.#send();
    const unused = this.#parameters.some(({ grad }) => grad === null);
    const last = this.#buckets[this.#buckets.length - 1];
    const used = unused ? await last.used() : [];
    for (const bucket of this.#buckets) {
      bucket.wait();
      if (unused) bucket.settle((parameter) => used[this.#parameters.indexOf(parameter)] > 0);
      bucket.reset();
    }
    this.#sent = 0;
  }

  /** Lets the model go: gradients are this rank's own again. */
  dispose(): void {
    for (const handle of this.#handles) handle.remove();
    for (const bucket of this.#buckets) bucket.dispose();
  }

  #arrived(bucket: Bucket): void {
    if (!this.#sync) return;
    bucket.arrived();
    if (!this.#overlap) return;
    while (this.#buckets[this.#sent]?.isFull) this.#send();
  }

  #send(): void {
    const bucket = this.#buckets[this.#sent++];
    const used = this.#parameters.map(({ grad }) => grad !== null);
    bucket.send(this.#group, this.#operator, used);
  }
}

function checkBytes(bytes: readonly number[]): void {
  if (bytes.length > 0 && bytes.every((each) => each > 0)) return;
  throw new RangeError(`Buckets have bytes above 0, such as bucketBytes: [1048576], but got [${bytes.join(", ")}].`);
}
