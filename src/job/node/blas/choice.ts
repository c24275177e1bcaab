/**
 * Which native BLAS this machine uses, if any: found, tried in a process of its own, timed
 * against our kernels, and remembered until library, processor or Node change. A library that
 * takes the processor for an older one (OpenBLAS does, with processors newer than itself) is
 * told better; one that is still slower, or wrong, is not used.
 */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { makeFolder, writeWhole } from "../../../platform/node/files.ts";
import { blasLibraries, changedAt } from "../../../platform/node/libraries.ts";
import { type BlasChoice, type BlasReport, parseChoice } from "../../blas-choice.ts";
import { packageRoot } from "../compile.ts";
import { workerFile } from "../worker-file.ts";
import type { ProbeResult } from "./probe.ts";

const REMEMBERED = "node_modules/.cache/worldsize/blas.json";
/** Linux's list of libraries. */
const LIST = "/etc/ld.so.cache";
/** A library that is not faster by so much is not worth other rounding. */
const WORTH = 1.15;
/** What a trial finds out, counted up when that changes: older ones are made again. */
const TRIED = 2;

/** Whether koffi, by which libraries are called, is installed. */
export function hasKoffi(): boolean {
  try {
    createRequire(import.meta.url).resolve("koffi");
    return true;
  } catch {
    return false;
  }
}

/** Names of cores that this processor could be called by, besides what the library thinks. */
function cores(path: string): (string | undefined)[] {
  if (!/openblas/i.test(path) || process.env.OPENBLAS_CORETYPE) return [undefined];
  let flags = "";
  try {
    flags = readFileSync("/proc/cpuinfo", "utf8");
  } catch {
    return [undefined];
  }
  const has = (flag: string): boolean => new RegExp(`^flags.*\\b${flag}\\b`, "m").test(flags);
  const amd = /AuthenticAMD/.test(flags);
  return [
    undefined,
    ...(has("avx2") && has("fma") ? [amd ? "Zen" : "Haswell"] : []),
    ...(has("avx512f") && has("avx512vl") ? ["SkylakeX"] : []),
  ];
}

/** The BLAS of this machine, as remembered or tried now (about a second, once). */
export async function findBlas(asked = process.env.WORLDSIZE_BLAS || "auto"): Promise<BlasReport> {
  if (asked === "off") return { reason: "switched off (WORLDSIZE_BLAS=off)" };
  if (!hasKoffi()) return { reason: "koffi is not installed" };
  if (asked !== "auto") return { choice: parseChoice(asked) };
  const file = join(packageRoot, REMEMBERED);
  const known = rememberedIn(file);
  const listed = changedAt(LIST);
  const libraries = known && listed !== undefined && known.listed === listed ? known.libraries : blasLibraries();
  const files = libraries
    .map((path) => [path, changedAt(path)] as const)
    .filter(([, changed]) => changed !== undefined);
  const key = JSON.stringify([TRIED, files, cpus()[0]?.model, process.version]);
  if (known?.key === key && known.listed === listed) return known.report;
  const paths = files.map(([path]) => path);
  const report = known?.key === key ? known.report : await tryAll(paths);
  try {
    makeFolder(dirname(file));
    writeWhole(file, JSON.stringify({ listed, libraries, key, report } satisfies Remembered));
  } catch {
    // tried again next time
  }
  return report;
}

/** What is known of this machine since the last trial. */
interface Remembered {
  /** When the system's list of libraries was last changed: to ask for it takes a process. */
  readonly listed?: number;
  readonly libraries: readonly string[];
  /** All that the report rests on. */
  readonly key: string;
  readonly report: BlasReport;
}

function rememberedIn(file: string): Remembered | undefined {
  try {
    const known = JSON.parse(readFileSync(file, "utf8")) as Remembered;
    return Array.isArray(known.libraries) ? known : undefined;
  } catch {
    return undefined; // not tried yet
  }
}

async function tryAll(paths: readonly string[]): Promise<BlasReport> {
  if (paths.length === 0) return { reason: "no library is installed" };
  const tries: Try[] = [];
  for (const path of paths) {
    for (const core of cores(path)) {
      try {
        tries.push({ path, core, found: await tryOne(path, core) });
      } catch (error) {
        tries.push({ path, core, trouble: (error as Error).message.trim().split("\n").at(-1) });
      }
    }
  }
  return decide(tries);
}

/** A library as one kind of core, and what came of trying it. */
export interface Try {
  readonly path: string;
  readonly core?: string;
  readonly found?: ProbeResult;
  /** Why it cannot be used. */
  readonly trouble?: string;
}

/** Which of them to use: the fastest, the earlier one among equals, none that is hardly faster than our kernels. */
export function decide(tries: readonly Try[]): BlasReport {
  let best: (Try & { found: ProbeResult }) | undefined;
  for (const each of tries) {
    const { found } = each;
    if (found && (!best || found.gflops > 1.05 * best.found.gflops)) best = { ...each, found };
  }
  if (!best) return { reason: `${tries.at(-1)?.path} failed when tried (${tries.at(-1)?.trouble})` };
  const { path, core } = best;
  const { gflops, ownGflops, from, splits } = best.found;
  if (gflops < WORTH * ownGflops) return { reason: `${path} is no faster than our kernels`, gflops, ownGflops };
  return { choice: { path, core, from, splits }, gflops, ownGflops };
}

async function tryOne(path: string, core: string | undefined): Promise<ProbeResult> {
  const env = { ...process.env, ...(core ? { OPENBLAS_CORETYPE: core } : {}), VECLIB_MAXIMUM_THREADS: "1" };
  const probe = fileURLToPath(workerFile("blas-probe"));
  const { stdout } = await promisify(execFile)(process.execPath, [probe, path], { env, timeout: 20_000 });
  return JSON.parse(stdout) as ProbeResult;
}

/** What a job's threads will use, after the process has been prepared for it. For the main thread. */
export async function openedBlas(): Promise<BlasReport> {
  const report = await findBlas();
  if (report.choice) prepareBlas(report.choice);
  return report;
}

/** Tells the library what it has to know before it is loaded. In the main thread only: workers have a copy of the environment. */
function prepareBlas({ core }: BlasChoice): void {
  process.env.VECLIB_MAXIMUM_THREADS ??= "1";
  if (core) process.env.OPENBLAS_CORETYPE ??= core;
}
