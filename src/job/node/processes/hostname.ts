/** What tells hosts apart. */
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/**
 * A name that two processes share if, and only if, they can reach each other by Unix
 * sockets: the machine's, this boot's, and that of the network namespace, because what
 * separates containers should separate ranks.
 */
export function hostName(): string {
  const attempt = (read: () => string): string => {
    try {
      return read().trim();
    } catch {
      return "";
    }
  };
  const boot = attempt(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8"));
  const network = attempt(() => readlinkSync("/proc/self/ns/net"));
  return [hostname(), boot, network].join("/");
}
