/** A task's picture: where it is, what it shows, and how the system opens it. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { CourseExercise } from "../../exercise/node/catalog.ts";

export interface Picture {
  readonly path: string;
  /** What it shows, in words. */
  readonly about: string;
}

/** The first picture of a task, if it has one; else the first of its chapter. */
export function pictureOf({ folder }: CourseExercise): Picture | undefined {
  for (const page of [join(folder, "task.md"), join(folder, "../../README.md")]) {
    const found = /!\[([^\]]*)\]\(([^)\s]+)\)/.exec(readFileSync(page, "utf8"));
    if (found) return { path: join(page, "..", found[2]), about: found[1] };
  }
  return undefined;
}

/** What opens a file as a double click would, by platform. */
const openers: Readonly<Partial<Record<NodeJS.Platform, readonly string[]>>> = {
  darwin: ["open"],
  win32: ["explorer"],
};

/** Shows a file in a window. @returns false where nothing can. */
export async function openFile(path: string): Promise<boolean> {
  const [command, ...args] = openers[process.platform] ?? ["xdg-open"];
  if (process.platform === "linux" && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY) return false;
  return new Promise((resolve) => {
    const child = spawn(command, [...args, path], { detached: true, stdio: "ignore" });
    child.once("error", () => resolve(false));
    child.once("spawn", () => {
      child.unref();
      resolve(true);
    });
  });
}
