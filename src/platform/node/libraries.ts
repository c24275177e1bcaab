/** Native libraries: what they are called, where they lie, and which are there. */
import { execFileSync } from "node:child_process";
import { statSync } from "node:fs";
import { dirname, join } from "node:path";
import { type System, thisSystem } from "./system.ts";

/** A function of a library, as koffi declares it. */
export interface NativeCall {
  readonly library: string;
  readonly signature: string;
}

/** What musl calls processors, where Node says otherwise. */
const processors: Readonly<Record<string, string>> = { x64: "x86_64", arm64: "aarch64", ia32: "i386", arm: "armhf" };

/** How a thread gives its core away, the usual way first; empty where nobody knows. */
export function yieldCalls({ platform, arch }: Pick<System, "platform" | "arch"> = thisSystem()): NativeCall[] {
  const signature = "int sched_yield()";
  switch (platform) {
    case "linux": // glibc, or musl
      return ["libc.so.6", `libc.musl-${processors[arch] ?? arch}.so.1`].map((library) => ({ library, signature }));
    case "darwin":
      return [{ library: "libSystem.B.dylib", signature }];
    case "win32":
      return [{ library: "kernel32.dll", signature: "int SwitchToThread()" }];
    default:
      return [];
  }
}

/** Names of BLAS libraries on Windows, best first. */
const dlls = ["mkl_rt.2.dll", "mkl_rt.dll", "libopenblas.dll", "openblas.dll", "libblis.dll"];

/**
 * Where a BLAS may lie, best first: what the loader knows on Linux, Accelerate and Homebrew's on macOS, the folders of
 * the PATH on Windows.
 * @param read what the loader knows.
 */
export function blasLibraries({ platform, env }: System = thisSystem(), read: () => string = ldconfig): string[] {
  if (platform === "darwin") {
    const brews = env.HOMEBREW_PREFIX ? [env.HOMEBREW_PREFIX] : ["/opt/homebrew", "/usr/local"];
    return [
      "/System/Library/Frameworks/Accelerate.framework/Accelerate",
      ...brews.map((brew) => join(brew, "opt/openblas/lib/libopenblas.dylib")),
    ];
  }
  if (platform === "win32") {
    const folders = (env.PATH ?? "").split(";").filter((folder) => folder !== "");
    return dlls.flatMap((name) => folders.map((folder) => join(folder, name)));
  }
  const known = read().split("\n");
  return ["libmkl_rt.so", "libopenblas.so", "libblis.so"].flatMap((name) => {
    const row = known.find((line) => line.trim().startsWith(name));
    return row?.includes("=> ") ? [row.split("=> ")[1].trim()] : [];
  });
}

function ldconfig(): string {
  try {
    return execFileSync("/sbin/ldconfig", ["-p"], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
  } catch {
    return "";
  }
}

/**
 * When a library was last changed, in milliseconds; undefined if it is not there. A framework of macOS
 * is there when its folder is: the library itself lies in the system's cache, and is no file.
 */
export function changedAt(library: string): number | undefined {
  const path = /\.framework\/[^/]+$/.test(library) ? dirname(library) : library;
  try {
    return statSync(path).mtimeMs;
  } catch {
    return undefined;
  }
}
