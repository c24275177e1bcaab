/** The browser body of the platform. Pages need COOP `same-origin` and COEP `require-corp`. */
import type { KernelModule, Platform } from "../platform.ts";

async function compile(url: URL): Promise<WebAssembly.Module> {
  const reply = await fetch(url);
  if (!reply.ok) throw new Error(`${url} answered ${reply.status}; the kernels must be served beside the page.`);
  return WebAssembly.compile(await reply.arrayBuffer());
}

/** A page cannot ask whether its microtasks are done: a chain longer than that of most continuations has to do. */
async function settle(step: () => void): Promise<void> {
  for (let i = 0; i < 8; i++) await undefined;
  step();
}

/** @param base the folder that serves relaxed.wasm and base.wasm. */
export function browserPlatform(base: string | URL): Platform {
  const channel = new MessageChannel();
  const steps: (() => void)[] = [];
  channel.port1.onmessage = () => steps.shift()?.();
  return {
    name: "browser",
    cores: navigator.hardwareConcurrency,
    mayBlock: typeof document === "undefined",
    async loadKernels(build?: KernelModule["build"]): Promise<KernelModule> {
      try {
        if (build === "base") throw new WebAssembly.CompileError("asked for the baseline");
        return { module: await compile(new URL("relaxed.wasm", base)), build: "relaxed" };
      } catch (error) {
        if (!(error instanceof WebAssembly.CompileError)) throw error;
        return { module: await compile(new URL("base.wasm", base)), build: "base" };
      }
    },
    afterMicrotasks: (step) => void settle(step),
    macrotask(step) {
      steps.push(step);
      channel.port2.postMessage(0);
    },
  };
}
