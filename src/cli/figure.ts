/** `worldsize figure`: the course's figures, drawn here and now from the runs that they show. */
import { Command } from "commander";
import pc from "picocolors";
import { checkWritable, writeWhole } from "../platform/node/files.ts";
import { unknownWord } from "../platform/words.ts";
import { type CourseFigure, courseFigures, drawFigure, loadFigure } from "./course-figures.ts";
import { wrap } from "./learn/layout.ts";
import type { Output } from "./output.ts";
import { parse, strict } from "./program-flags.ts";
import { UsageError } from "./scripts.ts";

/** Columns that everything here fits into. */
const WIDTH = 80;

/** @returns the exit code. */
export async function figureCommand(args: readonly string[], output: Output): Promise<number> {
  const command = strict(new Command("worldsize figure"))
    .description("Lists the course's figures; with a name, runs what the figure shows and draws it.")
    .usage("[NAME] [--svg FILE]")
    .argument("[name]", "a figure, such as ring-all-reduce")
    .option("--svg <file>", "draw it to a file, as on the chapter's page");
  parse(command, args);
  const name = command.processedArgs[0] as string | undefined;
  const { svg } = command.opts<{ svg?: string }>();
  if (name === undefined) {
    if (svg !== undefined) throw new UsageError("Which figure? Write: worldsize figure NAME --svg FILE");
    await list(output);
    return 0;
  }
  const figures = courseFigures();
  const found = figures.find((figure) => figure.name === name);
  if (!found) {
    const names = figures.map((figure) => figure.name);
    throw new UsageError(`There is no ${unknownWord("figure", name, names)}`);
  }
  if (svg !== undefined) drawTo(svg, checkWritable); // better now than after the run
  const drawing = await drawFigure(found.path);
  if (svg !== undefined) {
    drawTo(svg, (file) => writeWhole(file, drawing.svg()));
    output.write(`${svg}: ${drawing.title}\n`);
    return 0;
  }
  const [title, ...lines] = drawing.text();
  output.write(`${[pc.bold(title), ...lines, "", ...wrap(drawing.about, WIDTH)].join("\n")}\n`);
  return 0;
}

async function list(output: Output): Promise<void> {
  const figures = courseFigures();
  const width = Math.max(0, ...figures.map(({ name }) => name.length));
  let last: CourseFigure | undefined;
  for (const each of figures) {
    if (output.broken) return;
    const { figure } = await loadFigure(each.path);
    if (each.chapter !== last?.chapter) {
      const heading = each.chapter ? `Chapter ${Number(each.chapter)}` : "The front page";
      output.write(`${last ? "\n" : ""}${pc.bold(heading)}\n`);
    }
    const [first, ...more] = wrap(figure.about, WIDTH - width - 4);
    const lines = [
      `  ${pc.cyan(each.name.padEnd(width))}  ${first}`,
      ...more.map((line) => " ".repeat(width + 4) + line),
    ];
    output.write(`${lines.join("\n")}\n`);
    last = each;
  }
}

/** @throws UsageError where the file cannot be written. */
function drawTo(file: string, write: (file: string) => void): void {
  try {
    write(file);
  } catch (error) {
    throw new UsageError(`The figure could not be drawn to ${file}: ${(error as Error).message}.`);
  }
}
