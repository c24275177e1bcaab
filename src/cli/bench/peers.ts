/** The programs we measure ourselves against: which are installed, and how to run them. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../scripts.ts";

export const peerNames = ["openmpi", "gloo", "torch", "tfjs", "jax-js", "onnxruntime", "node-llama-cpp"] as const;
export type PeerName = (typeof peerNames)[number];

/** One measurement of a peer, as its driver prints it. */
export interface PeerTime {
  readonly bytes: number;
  readonly seconds: number;
}

/** A size in bytes and how often to do it in a round. */
export type Case = readonly [bytes: number, iterations: number];

const drivers = join(root, "bench/peers");

function capture(command: string, args: readonly string[], env: Record<string, string> = {}): string {
  return execFileSync(command, args, {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 300_000,
    env: { ...process.env, ...env },
  });
}

function works(command: string, ...args: string[]): boolean {
  try {
    capture(command, args);
    return true;
  } catch {
    return false;
  }
}

/** Whether a package can be found from the drivers. */
function installed(name: string): boolean {
  try {
    createRequire(join(drivers, "timing.mjs")).resolve(name);
    return true;
  } catch (error) {
    return (error as { code?: string }).code === "ERR_PACKAGE_PATH_NOT_EXPORTED"; // there, but not for require
  }
}

/** The Python that has torch: distributions install it for the system's own. */
function python(): string | undefined {
  return ["python3", "/usr/bin/python3"].find((path) => works(path, "-c", "import torch.distributed"));
}

/** Open MPI over TCP, where it would use shared memory. */
const tcpFlags = ["--mca", "pml", "ob1", "--mca", "btl", "tcp,self"];
const mpirunFlags = ["--allow-run-as-root", "--oversubscribe"];

/** Why a peer cannot run here, with the command that fixes it; undefined if it can. */
export function missingPeer(name: PeerName): string | undefined {
  const found = {
    openmpi: () => works("mpicc", "--version") && works("mpirun", "--version"),
    gloo: () => python() !== undefined,
    torch: () => python() !== undefined,
    tfjs: () => installed("@tensorflow/tfjs") && installed("@tensorflow/tfjs-backend-wasm"),
    "jax-js": () => installed("@jax-js/jax"),
    onnxruntime: () => installed("onnxruntime-node"),
    "node-llama-cpp": () => installed("node-llama-cpp") && installed("koffi"),
  };
  const mend = {
    openmpi: "apt install openmpi-bin libopenmpi-dev gcc",
    gloo: "apt install python3-torch",
    torch: "apt install python3-torch",
    tfjs: "npm install --no-save @tensorflow/tfjs @tensorflow/tfjs-backend-wasm",
    "jax-js": "npm install --no-save @jax-js/jax",
    onnxruntime: "npm install --no-save onnxruntime-node",
    "node-llama-cpp": "npm install --no-save node-llama-cpp",
  };
  return found[name]() ? undefined : `not installed (${mend[name]})`;
}

function parseLines<T>(text: string): T[] {
  return text
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as T);
}

/** What is timed between ranks. */
export type MessageBench = "all-reduce" | "all-gather" | "reduce-scatter" | "p2p";

/** Runs a peer's driver; gloo always talks over TCP, and has one for all-reduce and p2p only. */
export function runPeer(
  name: "openmpi" | "gloo",
  what: MessageBench,
  ranks: number,
  cases: readonly Case[],
  onlyTcp = false,
): PeerTime[] {
  const numbers = cases.flat().map(String);
  if (name === "gloo") {
    return parseLines(
      capture(python() ?? "python3", [join(drivers, "gloo.py"), what, String(ranks), ...numbers], {
        OMP_NUM_THREADS: "1",
      }),
    );
  }
  const folder = mkdtempSync(join(tmpdir(), "worldsize-peer-"));
  try {
    const program = join(folder, "driver");
    capture("mpicc", ["-O3", join(drivers, `${what.replace("-", "_")}.c`), "-o", program]);
    return parseLines(
      capture("mpirun", [...mpirunFlags, ...(onlyTcp ? tcpFlags : []), "-n", String(ranks), program, ...numbers]),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Seconds that the hello program takes in torch with gloo, from start to end. */
export function runHelloPeer(ranks: number): number {
  const start = performance.now();
  capture(python() ?? "python3", [join(drivers, "gloo.py"), "hello", String(ranks)], { OMP_NUM_THREADS: "1" });
  return (performance.now() - start) / 1e3;
}

const kernelDrivers = {
  torch: "torch_kernels.py",
  tfjs: "tfjs.mjs",
  "jax-js": "jax-js.mjs",
  onnxruntime: "onnxruntime.mjs",
  "node-llama-cpp": "ggml.mjs",
} as const;

/** The peers that compute. */
export type KernelPeer = keyof typeof kernelDrivers;

/** @throws Error with the driver's last line when it failed. @returns milliseconds of one thing in a peer, in one thread. */
export function runKernelPeer(
  name: KernelPeer,
  what: "attention" | "gemm" | "add" | "int8" | "int4",
  size: number,
): number {
  const driver = join(drivers, kernelDrivers[name]);
  const command = name === "torch" ? (python() ?? "python3") : process.execPath;
  const printed = capture(command, [driver, what, String(size)], { OMP_NUM_THREADS: "1" });
  const milliseconds = Number(printed.trim().split("\n").at(-1));
  if (milliseconds > 0) return milliseconds;
  throw new Error(`The driver of ${name} printed no time: ${printed.trim().slice(-200)}`);
}

const stepDrivers = { torch: "torch_train.py", tfjs: "tfjs_train.mjs", "jax-js": "jax_train.mjs" } as const;

/** The peers that train. */
export type StepPeer = keyof typeof stepDrivers;

/**
 * @param threads of the peer. @param core what OpenBLAS is told to take this processor for, where it guesses wrong.
 * @param more arguments of the driver.
 * @returns milliseconds of a peer's training step, the best of some. @throws Error when its driver printed none.
 */
export function runStepPeer(
  name: StepPeer,
  threads: number,
  steps: number,
  core?: string,
  more: readonly string[] = [],
): number {
  const command = name === "torch" ? (python() ?? "python3") : process.execPath;
  const count = String(threads);
  const env = { OMP_NUM_THREADS: count, OPENBLAS_NUM_THREADS: count, ...(core ? { OPENBLAS_CORETYPE: core } : {}) };
  const printed = capture(command, [join(drivers, stepDrivers[name]), count, String(steps), ...more], env);
  return timeIn(printed, name);
}

/** @returns milliseconds of a step of torch's DDP over gloo, on as many ranks of one thread; the best of some. */
export function runDdpPeer(ranks: number, steps: number, core?: string): number {
  const env = { OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1", ...(core ? { OPENBLAS_CORETYPE: core } : {}) };
  const command = [join(drivers, "torch_ddp.py"), String(ranks), String(steps)];
  return timeIn(capture(python() ?? "python3", command, env), "torch");
}

/** The time on a driver's last line. */
function timeIn(printed: string, name: string): number {
  const milliseconds = Number(printed.trim().split("\n").at(-1));
  if (milliseconds > 0) return milliseconds;
  throw new Error(`The driver of ${name} printed no time: ${printed.trim().slice(-200)}`);
}

/** @returns milliseconds of a token of llama.cpp on a GGUF file, the best of some. @throws Error when its driver printed none. */
export function runDecodePeer(file: string, threads: number, tokens: number): number {
  const driver = join(drivers, "llama_decode.mjs");
  const printed = capture(process.execPath, [driver, "speed", file, String(threads), String(tokens)]);
  const milliseconds = Number(printed.trim().split("\n").at(-1));
  if (milliseconds > 0) return milliseconds;
  throw new Error(`The driver of node-llama-cpp printed no time: ${printed.trim().slice(-200)}`);
}
