/** What tells hosts apart. */
import { execFileSync } from "node:child_process";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { type System, thisSystem } from "./system.ts";

/**
 * A name that two processes share if, and only if, they can reach each other by Unix
 * sockets: the machine's, this boot's, and that of the network namespace, because what
 * separates containers should separate ranks. What a system does not tell stays empty; on
 * Windows the machine's name is all there is, and there are no Unix sockets either.
 */
export function hostName(system: System = thisSystem()): string {
  const boot = attempt(() => bootOf(system));
  const network = attempt(() => (system.platform === "linux" ? readlinkSync("/proc/self/ns/net") : ""));
  return [hostname(), boot, network].join("/");
}

/** What this boot of the machine is called. */
function bootOf({ platform, env }: System): string {
  if (platform === "linux") return readFileSync("/proc/sys/kernel/random/boot_id", "utf8");
  if (platform !== "darwin") return "";
  return execFileSync("sysctl", ["-n", "kern.bootsessionuuid"], {
    encoding: "utf8",
    env: { ...env },
    stdio: ["ignore", "pipe", "ignore"],
  });
}

function attempt(read: () => string): string {
  try {
    return read().trim();
  } catch {
    return "";
  }
}
