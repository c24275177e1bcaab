/** `worldsize list`: the course's scripts and what each shows. */
import { Command } from "commander";
import pc from "picocolors";
import { visibleLines } from "../trace/text.ts";
import { wrap } from "./learn/layout.ts";
import { loadProgram } from "./load.ts";
import type { Output } from "./output.ts";
import { parse, strict } from "./program-flags.ts";
import { courseScripts } from "./scripts.ts";

/** Of a line, so that a narrow terminal shows it whole. */
const WIDTH = 80;

/** @returns the exit code. */
export async function listCommand(args: readonly string[], output: Output): Promise<number> {
  const command = strict(new Command("worldsize list"))
    .description("Lists the course's scripts, and what each shows.")
    .option("--json", "print one script per line");
  parse(command, args);
  const { json } = command.opts<{ json?: boolean }>();
  const scripts = courseScripts();
  const width = Math.max(...scripts.map((script) => script.name.length));
  let before = "";
  for (const { name, path, chapter, group } of scripts) {
    if (output.broken) break;
    const { about, ranks = 4 } = (await loadProgram(path)).script;
    if (json) {
      process.stdout.write(`${JSON.stringify({ name, chapter: Number(chapter), ranks, about })}\n`);
      continue;
    }
    if (group !== before) process.stdout.write(`${before ? "\n" : ""}${pc.bold(group)}\n`);
    before = group;
    const [first, ...more] = wrap(visibleLines(about), WIDTH - width - 4);
    const lines = [`  ${pc.cyan(name.padEnd(width))}  ${first}`, ...more.map((line) => " ".repeat(width + 4) + line)];
    process.stdout.write(`${lines.join("\n")}\n`);
  }
  return 0;
}
