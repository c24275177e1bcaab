/** Systems that this one pretends to be, for what differs between them, and what this one really is. */
import { mkdirSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import type { System } from "../../src/platform/node/system.ts";

/** For tests of what only Linux has: /proc, /dev/full. */
export const isLinux = process.platform === "linux";
/** For tests of modes, links, signals, and sockets in folders. */
export const isPosix = process.platform !== "win32";

/** Another system with this one's folders; everything else is what is given. */
export function fakeSystem(platform: System["platform"], more: Partial<System> = {}): System {
  const uid = platform === "win32" ? undefined : process.geteuid?.();
  return { platform, arch: "x64", uid, env: {}, home: homedir(), tmp: tmpdir(), windowsDisks: [], ...more };
}

/** Windows as it is set up: temporary files lie in the user's own folder. @param home that folder, which may be shared. */
export function fakeWindows(home: string): System {
  const tmp = join(home, "AppData", "Local", "Temp");
  mkdirSync(tmp, { recursive: true });
  return fakeSystem("win32", { home, tmp });
}
