/**
 * The system that this process runs on, as an object that is handed to whatever depends on it, so
 * that a test can hand in another one. What differs lies in the files beside this one, each
 * difference with what is done where the usual way is missing.
 */
import { readFileSync } from "node:fs";
import { homedir, release, tmpdir } from "node:os";

export interface System {
  readonly platform: NodeJS.Platform;
  readonly arch: string;
  /** The number of the user that this process acts as; undefined where users have none (Windows). */
  readonly uid?: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The user's own folder. */
  readonly home: string;
  /** The folder of temporary files. */
  readonly tmp: string;
  /**
   * In Windows Subsystem for Linux: where disks of Windows are mounted. They may keep no modes,
   * take no sockets, and do not tell when a file changes.
   */
  readonly windowsDisks: readonly string[];
}

/** This one, as it is now. */
export function thisSystem(): System {
  const { platform, arch, env } = process;
  return {
    platform,
    arch,
    env,
    uid: process.geteuid?.(),
    get home() {
      return homedir(); // looked up when it is needed: a user without an entry has none
    },
    tmp: tmpdir(),
    get windowsDisks() {
      return /microsoft/i.test(release()) ? windowsDisksOf(mounts()) : [];
    },
  };
}

/** @param text as /proc/self/mounts has it: what, where, type, options. */
export function windowsDisksOf(text: string): string[] {
  return text.split("\n").flatMap((line) => {
    const [what = "", where = "", type = ""] = line.split(" ");
    const isDisk = type === "drvfs" || (/^(9p|virtiofs)$/.test(type) && /^([A-Za-z]:|drvfs)/.test(what));
    return isDisk ? [where.replace(/\\(\d{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8)))] : [];
  });
}

function mounts(): string {
  try {
    return readFileSync("/proc/self/mounts", "utf8");
  } catch {
    return "";
  }
}
