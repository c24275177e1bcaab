/** `worldsize learn`: the terminal of a lesson: draws it, feeds it keys, and watches the reader's files. */
import { basename, resolve } from "node:path";
import { Command } from "commander";
import { courseExercises } from "../../exercise/node/catalog.ts";
import { Copies, copiesFolder } from "../../exercise/node/copies.ts";
import { TypeCheck } from "../../exercise/node/types/type-check.ts";
import { makeFolder } from "../../platform/node/files.ts";
import { watchFolder } from "../../platform/node/watch.ts";
import { choose } from "../check.ts";
import type { Output } from "../output.ts";
import { parse, strict } from "../program-flags.ts";
import { UsageError } from "../scripts.ts";
import { framed } from "./layout.ts";
import { Lesson } from "./lesson.ts";
import { openFile } from "./picture.ts";

/** Editors write a file in several steps: wait until it has been quiet so long, in milliseconds. */
const QUIET = 120;

/** A folder made anew, or a file that a link leads to, is not reported: milliseconds between two looks. */
const LOOK = 500;

/** Keys that move the text: arrows, page keys, space. */
const moves: Readonly<Record<string, number>> = { "\x1b[A": -1, "\x1b[B": 1, "\x1b[5~": -10, "\x1b[6~": 10, " ": 10 };

/** Keys that lead to another step of a walk. */
const steps: Readonly<Record<string, string>> = { "\x1b[C": "→", "\x1b[D": "←", "\x1b[H": "^", "\x1b[F": "$" };
/** @throws UsageError when the reader's folder cannot be made. */
function makeFolderOf({ folder }: Copies): void {
  try {
    makeFolder(folder);
  } catch (error) {
    throw new UsageError(
      `The folder ${folder} could not be made: ${(error as Error).message}. Work in another folder.`,
    );
  }
}

/** Runs `worldsize learn [N.M]`. @returns the exit code. */
export async function learnCommand(args: readonly string[], output: Output): Promise<number> {
  const command = strict(new Command("worldsize learn"))
    .description("Leads through the exercises: edit your copy in exercises/, save, and see it checked at once.")
    .argument("[number]", "exercise to open (default: the first that has not passed)");
  parse(command, args);
  if (!process.stdin.isTTY || !process.stdout.isTTY) {
    throw new UsageError("learn needs a terminal to read keys from. In a script, write: worldsize check 3.3 --json");
  }
  const copies = new Copies(resolve(copiesFolder()));
  const [number] = command.processedArgs as [string | undefined];
  const [wanted] = number === undefined ? [] : choose([number], copies);
  const exercises = courseExercises();
  makeFolderOf(copies);

  /** First row of the body that is shown, and the last that may be. */
  let top = 0;
  let most = 0;
  const draw = (): void => {
    const [width, height] = [process.stdout.columns || 80, process.stdout.rows || 24];
    const fitted = framed(lesson.screen(width), width, height, top);
    most = fitted.most;
    process.stdout.write(`\x1b[2J\x1b[H${fitted.rows.join("\r\n")}`);
  };
  const move = (rows: number): void => {
    top = Math.max(0, Math.min(most, top + rows));
    draw();
  };
  const redraw = (): void => {
    top = 0;
    draw();
  };
  const types = new TypeCheck();
  const lesson = new Lesson({ exercises, copies, types, openFile, redraw });

  let timer: NodeJS.Timeout | undefined;
  const saved = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => void lesson.saved().catch(fail), QUIET);
  };
  const watched = watchFolder(copies.folder, (file) => {
    if (file === basename(lesson.file)) saved();
  });
  const looks = setInterval(() => lesson.isSaved && saved(), LOOK);
  process.stdin.setRawMode(true);
  process.stdin.setEncoding("utf8");
  process.stdout.write("\x1b[?1049h\x1b[?25l"); // a screen of our own, without a cursor
  process.stdout.on("resize", draw);
  let fail: (error: unknown) => void = () => {};
  try {
    await lesson.start(wanted?.number);
    await new Promise<void>((leave, reject) => {
      fail = reject;
      output.whenBroken(leave); // the terminal is gone
      // Keys are taken one after the other, but a new one may stop a check that is running.
      process.stdin.on("data", (text: string) => {
        const rows = moves[text];
        const step = steps[text];
        if (step !== undefined && !lesson.asking) lesson.key(step).catch(reject);
        else if (rows !== undefined && !lesson.asking) move(rows);
        else if (!text.startsWith("\x1b["))
          for (const key of text) lesson.key(key).then((stay) => stay || leave(), reject);
      });
    });
  } finally {
    clearInterval(looks);
    clearTimeout(timer);
    watched.close();
    types.close();
    process.stdin.setRawMode(false);
    process.stdin.pause();
    process.stdout.off("resize", draw);
    process.stdout.write("\x1b[?25h\x1b[?1049l");
  }
  const passed = exercises.filter((exercise) => copies.progress(exercise).passed).length;
  process.stdout.write(`${passed} of ${exercises.length} passed. Go on with: npx worldsize learn\n`);
  return 0;
}
