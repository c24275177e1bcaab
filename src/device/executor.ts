/** Runs kernels of commands in one thread, with spans of them if a tracer is there. */
import type { Tracer } from "../trace/trace.ts";
import type { Execute } from "./kernels/execute.ts";
import { kernelList, kernelNames } from "./kernels/index.ts";
import { bytesMoved, type Words } from "./kernels/spec.ts";
import type { KernelRuntime } from "./runtime.ts";

/** The Execute of a thread. @param stream its number, for the spans. */
export function makeExecutor(runtime: KernelRuntime, tracer?: Tracer, stream = 0): Execute {
  const { scratch, blas, team } = runtime;
  const wordsOf =
    (args: readonly number[]): Words =>
    (argument, count) =>
      runtime.pool.memory.words(args[argument], count);
  const alone: Execute = (number, args) => {
    const kernel = kernelList[number];
    const status = kernel.run(runtime.exports, args, scratch, blas);
    if (status && kernel.explain) throw new Error(kernel.explain(status, args, wordsOf(args)));
  };
  const execute = team?.lead(alone, blas) ?? alone;
  if (!tracer) return execute;
  return (number, args) => {
    const start = tracer.now();
    execute(number, args);
    const end = tracer.now();
    const kernel = kernelList[number];
    const scalars = args.slice(kernel.buffers.length);
    const words = wordsOf(args);
    const cost = { flops: kernel.flops(scalars, words), bytes: bytesMoved(kernel, scalars, words) };
    tracer.add("device", kernelNames[number], start, end, { ...cost, stream });
  };
}
