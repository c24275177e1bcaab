/** `worldsize list`: the course's scripts and what each shows. */
import pc from "picocolors";
import { loadProgram } from "./load.ts";
import { courseScripts } from "./scripts.ts";

/** @returns the exit code. */
export async function listCommand(args: readonly string[]): Promise<number> {
  const json = args.includes("--json");
  const scripts = courseScripts();
  const width = Math.max(...scripts.map((script) => script.name.length));
  let chapter = "";
  for (const { name, path, chapter: of } of scripts) {
    const { about, ranks = 4 } = (await loadProgram(path)).script;
    if (json) {
      process.stdout.write(`${JSON.stringify({ name, chapter: Number(of), ranks, about })}\n`);
      continue;
    }
    if (of !== chapter)
      process.stdout.write(`${chapter ? "\n" : ""}${pc.bold(of ? `Chapter ${Number(of)}` : "The machine room")}\n`);
    chapter = of;
    process.stdout.write(`  ${pc.cyan(name.padEnd(width))}  ${about}\n`);
  }
  return 0;
}
