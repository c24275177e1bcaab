/** What helps with the property that failed, and where the chapter explains it. */
import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import pc from "picocolors";
import type { Advice } from "../../exercise/define.ts";
import type { CourseExercise } from "../../exercise/node/catalog.ts";
import { compileProgram } from "../../job/node/compile.ts";

/** @param property that did not hold. @returns lines of text; undefined where there is no advice about it. */
export async function adviceOn({ folder }: CourseExercise, property: string): Promise<string[] | undefined> {
  const file = join(folder, "advice.ts");
  if (!existsSync(file)) return undefined;
  const { url } = await compileProgram(file);
  const { default: all } = (await import(url)) as { default: Readonly<Record<string, Advice>> };
  if (!Object.hasOwn(all, property)) return undefined;
  const { hint, read } = all[property];
  const chapter = relative(process.cwd(), join(folder, "../../README.md"));
  return [
    `${pc.bold(`About ${property}`)}  ${hint}`,
    "",
    `The chapter explains it under "${read}":`,
    `${chapter}#${anchorOf(read)}`,
  ];
}

/** The name by which a page links to a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} -]/gu, "")
    .replaceAll(" ", "-");
}
