/** The programs we measure ourselves against: which are installed, and how to run them. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../scripts.ts";

export const peerNames = ["openmpi", "gloo", "torch", "tfjs"] as const;
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

/** The Python that has torch: distributions install it for the system's own. */
function python(): string | undefined {
  return ["python3", "/usr/bin/python3"].find((path) => works(path, "-c", "import torch.distributed"));
}

/** Open MPI over TCP, where it would use shared memory. */
const tcpFlags = ["--mca", "pml", "ob1", "--mca", "btl", "tcp,self"];
const mpirunFlags = ["--allow-run-as-root", "--oversubscribe"];

/** Why a peer cannot run here, with the command that mends it; undefined if it can. */
export function missingPeer(name: PeerName): string | undefined {
  const found = {
    openmpi: () => works("mpicc", "--version") && works("mpirun", "--version"),
    gloo: () => python() !== undefined,
    torch: () => python() !== undefined,
    tfjs: () =>
      works(process.execPath, "--input-type=module", "-e", 'import.meta.resolve("@tensorflow/tfjs-backend-wasm")'),
  };
  const mend = {
    openmpi: "apt install openmpi-bin libopenmpi-dev gcc",
    gloo: "apt install python3-torch",
    torch: "apt install python3-torch",
    tfjs: "npm install --no-save @tensorflow/tfjs @tensorflow/tfjs-backend-wasm",
  };
  return found[name]() ? undefined : `not installed (${mend[name]})`;
}

function parseLines<T>(text: string): T[] {
  return text
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as T);
}

/** Runs a peer's driver for all-reduce or p2p; gloo always talks over TCP. */
export function runPeer(
  name: "openmpi" | "gloo",
  what: "all-reduce" | "p2p",
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

/** Milliseconds of causal attention in torch, in one thread. */
export function runAttentionPeer(heads: number, dim: number, tokens: number): number {
  const numbers = [heads, dim, tokens, 12].map(String);
  const driver = join(drivers, "torch_attention.py");
  return Number(capture(python() ?? "python3", [driver, ...numbers], { OMP_NUM_THREADS: "1" }));
}

/** Seconds of a matrix product in tfjs. */
export function runGemmPeer(size: number): number {
  const [{ seconds }] = parseLines<{ seconds: number }>(
    capture(process.execPath, [join(drivers, "gemm.mjs"), String(size)]),
  );
  return seconds;
}
