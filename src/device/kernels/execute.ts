/** How a kernel of a command is run, and what is said when that fails. */
import { kernelNames } from "./index.ts";

/** Runs a kernel by its number. @throws what the kernel throws, or an error that explains its status. */
export type Execute = (kernel: number, args: readonly number[]) => void;

/** What to say of a kernel that threw. */
export function kernelFailure(number: number, thrown: unknown): string {
  const { name, message } = thrown instanceof Error ? thrown : { name: "", message: String(thrown) };
  const why = name === "RuntimeError" ? `it was stopped by the engine (${message})` : message;
  return `Kernel ${kernelNames[number]} failed: ${why}.`;
}
