/** Systems that this one pretends to be, for what differs between them. */
import { mkdirSync, mkdtempSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import type { System } from "../../src/platform/node/system.ts";

/** Another system with this one's folders; everything else is what is given. */
export function fakeSystem(platform: System["platform"], more: Partial<System> = {}): System {
  const uid = platform === "win32" ? undefined : process.geteuid?.();
  return { platform, arch: "x64", uid, env: {}, home: homedir(), tmp: tmpdir(), windowsDisks: [], ...more };
}

/** Windows as it is set up: temporary files lie in the user's own folder. */
export function fakeWindows(more: Partial<System> = {}): System {
  const home = mkdtempSync(join(tmpdir(), "worldsize-home-"));
  const tmp = join(home, "AppData", "Local", "Temp");
  mkdirSync(tmp, { recursive: true });
  return fakeSystem("win32", { home, tmp, ...more });
}
