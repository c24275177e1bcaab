/** The Node body of the platform. */
import { readFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { setFlagsFromString } from "node:v8";
import type { KernelModule, Platform } from "../platform.ts";

/** Where the committed .wasm files are, seen from the bundle in dist/ and from src/platform/node/. */
const roots = ["../kernels/", "../../../kernels/"];

async function readKernels(file: string): Promise<Uint8Array<ArrayBuffer>> {
  let reason = "";
  for (const root of roots) {
    try {
      return new Uint8Array(await readFile(new URL(root + file, import.meta.url)));
    } catch (error) {
      reason ||= (error as Error).message; // the next place
    }
  }
  throw new Error(
    `kernels/${file} cannot be read (${reason}). Restore it with \`git checkout kernels\` or \`npm run kernels\`.`,
  );
}

/**
 * Whether the engine takes relaxed SIMD. Node 20 has it behind a flag that must be set
 * before the first compilation; newer engines have it on and complain about the flag.
 */
function acceptsRelaxed(code: Uint8Array<ArrayBuffer>): boolean {
  if (WebAssembly.validate(code)) return true;
  setFlagsFromString("--experimental-wasm-relaxed-simd");
  return WebAssembly.validate(code);
}

async function loadKernels(build?: KernelModule["build"]): Promise<KernelModule> {
  const relaxed = await readKernels("relaxed.wasm");
  if (build !== "base" && acceptsRelaxed(relaxed)) return { module: new WebAssembly.Module(relaxed), build: "relaxed" };
  return { module: new WebAssembly.Module(await readKernels("base.wasm")), build: "base" };
}

export const nodePlatform: Platform = {
  name: "node",
  cores: availableParallelism(),
  mayBlock: true,
  loadKernels,
  // Node empties its microtasks before it looks at its ticks again.
  afterMicrotasks: (step) => queueMicrotask(() => process.nextTick(step)),
  macrotask: (step) => void setImmediate(step),
};
