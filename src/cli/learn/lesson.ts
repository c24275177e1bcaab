/**
 * `worldsize learn` without its terminal: which exercise is open, what its last check said,
 * and what each key does. learn.ts draws it and feeds it keys and saved files.
 */
import { existsSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import pc from "picocolors";
import type { Exercise } from "../../exercise/define.ts";
import type { CourseExercise } from "../../exercise/node/catalog.ts";
import { loadExercise } from "../../exercise/node/checker.ts";
import { type Copies, CopyError } from "../../exercise/node/copies.ts";
import type { TypeCheck } from "../../exercise/node/types/type-check.ts";
import { packageRoot } from "../../job/node/compile.ts";
import { adviceOn } from "./advice.ts";
import { Checks } from "./checks.ts";
import { comparison } from "./compare.ts";
import { reflow, type Screen } from "./layout.ts";
import { pictureOf } from "./picture.ts";
import { answerOf, Prediction } from "./prediction.ts";
import { screenOf } from "./screen.ts";
import { Walk } from "./walk.ts";

export interface LessonOptions {
  readonly exercises: readonly CourseExercise[];
  readonly copies: Copies;
  /** What is noticed in an answer before it runs. */
  readonly types: Pick<TypeCheck, "noticesOf" | "soon">;
  /** Shows a file in a window, where that is possible. */
  readonly openFile: (path: string) => Promise<boolean>;
  /** Called whenever there is something new to see. */
  readonly redraw: () => void;
}

export class Lesson {
  readonly #options: LessonOptions;
  #at = 0;
  #exercise: Exercise | undefined;
  /** What fills the middle of the screen. */
  #body: string[] = [];
  readonly #checks: Checks;
  /** The reader's file as it was last opened or checked. */
  #text = "";
  #status = "";
  /** The prediction in progress. */
  #asked: Prediction | undefined;
  #confirming: "reset" | undefined;
  /** Whether there was advice about what failed since the last check. */
  #advised = false;
  /** The walk through the run that failed. */
  #walk: Walk | undefined;

  readonly #actions: Readonly<Record<string, () => void | Promise<void>>> = {
    t: () => this.#say(reflow(readFileSync(join(this.current.folder, "task.md"), "utf8"))),
    v: () => this.#view(),
    i: () => this.#say(readFileSync(join(packageRoot, "course/api.md"), "utf8").trimEnd().split("\n")),
    p: () => this.#predict(),
    h: () => this.#hint(),
    c: () => this.#check(),
    "\r": () => this.#check(),
    w: () => this.#walkThrough(),
    a: () => this.#checkAll(),
    n: () => this.#open((this.#at + 1) % this.#options.exercises.length),
    b: () => this.#open((this.#at - 1 + this.#options.exercises.length) % this.#options.exercises.length),
    r: () => {
      this.#confirming = "reset";
      this.#say(["Put the starter back? Your file is kept under another name. y: yes, any other key: no"]);
    },
    s: () => this.#solution(),
  };

  constructor(options: LessonOptions) {
    this.#options = options;
    const { exercises, copies } = options;
    this.#checks = new Checks(options, {
      say: (lines) => this.#say(lines),
      progress: (text) => {
        this.#status = text;
        options.redraw();
      },
    });
    const open = exercises.findIndex((exercise) => !copies.progress(exercise).passed);
    this.#at = Math.max(0, open);
  }

  /** The exercise that is open. */
  get current(): CourseExercise {
    return this.#options.exercises[this.#at];
  }

  /** Whether keys are the text of an answer. */
  get asking(): boolean {
    return this.#asked !== undefined;
  }

  /** Opens an exercise; the first that is not done, if none is named. */
  async start(number?: string): Promise<void> {
    const at = this.#options.exercises.findIndex((exercise) => exercise.number === number);
    await this.#open(at < 0 ? this.#at : at);
  }

  /** What the screen shows. */
  screen(width: number): Screen {
    const { exercises, copies } = this.#options;
    const title = this.#exercise?.title ?? "";
    const state = { exercises, copies, current: this.current, title, status: this.#status, body: this.#body };
    return screenOf(state, width);
  }

  /** Does what a key asks. @returns false when the reader wants to leave. */
  async key(key: string): Promise<boolean> {
    if (this.#asked) {
      await this.#type(this.#asked, key);
      return true;
    }
    if (this.#confirming) {
      this.#confirming = undefined;
      if (key === "y") this.#reset();
      else this.#say(["Nothing was changed."]);
      return true;
    }
    if (this.#walk?.move(key)) {
      this.#say(this.#walk.lines(), this.#walk);
      return true;
    }
    if (["q", "\u0003", "\u0004"].includes(key)) {
      this.#checks.stop();
      return false;
    }
    await this.#actions[key]?.();
    return true;
  }

  /** Where the open exercise's answer lies. */
  get file(): string {
    return this.#options.copies.path(this.current);
  }

  /** Whether something else lies there than was last opened or checked; a file that is on its way is not there. */
  get isSaved(): boolean {
    if (this.asking) return false; // the question stays; the file is looked at again afterwards
    const text = textOf(this.file);
    return text !== undefined && text !== this.#text;
  }

  /** The answer may have been saved: checks it if so. */
  async saved(): Promise<void> {
    if (this.isSaved) await this.#check(this.file);
  }

  async #open(at: number): Promise<void> {
    this.#checks.stop();
    this.#at = at;
    this.#asked = undefined;
    this.#advised = false;
    this.#exercise = await loadExercise(this.current.file);
    const path = this.#copy();
    if (path === undefined) return;
    this.#text = textOf(path) ?? "";
    void this.#options.types.noticesOf(path); // so that the first save need not wait until all types are read
    this.#say([
      `Read the task (${pc.cyan("t")}), predict (${pc.cyan("p")}), then edit ${relative(process.cwd(), path)} and save: every save is checked.`,
    ]);
  }

  /** @param walk goes on as long as nothing else is shown. */
  #say(lines: readonly string[], walk?: Walk): void {
    this.#body = [...lines];
    this.#status = "";
    this.#walk = walk;
    this.#options.redraw();
  }

  /** The reader's copy, made if it is missing. @returns undefined when it cannot be; the reader is told why. */
  #copy(): string | undefined {
    try {
      return this.#options.copies.open(this.current);
    } catch (error) {
      if (!(error instanceof CopyError)) throw error;
      this.#say([error.message]);
      return undefined;
    }
  }

  /** @param answer the file to check; while an editor renames it, another must not be made in its place. */
  async #check(answer = this.#copy()): Promise<void> {
    if (answer === undefined) return;
    this.#text = textOf(answer) ?? "";
    this.#advised = false;
    const said = await this.#checks.one(this.current, answer);
    if (!said) return;
    this.#say(said.lines);
    const body = this.#body;
    void said.later.then((lines) => lines && this.#body === body && this.#say(lines)); // while nothing else is shown
  }

  async #checkAll(): Promise<void> {
    const { exercises, copies } = this.#options;
    await this.#checks.all(exercises.filter((exercise) => existsSync(copies.path(exercise))));
  }

  /** First what is to be said about the property that failed; then one of the three hints after the other. */
  async #hint(): Promise<void> {
    const { copies } = this.#options;
    const failed = this.#checks.failed?.property;
    const advice = failed === undefined || this.#advised ? undefined : await adviceOn(this.current, failed);
    if (advice) {
      this.#advised = true;
      this.#say([...advice, "", `More: ${pc.cyan("h")}.`]);
      return;
    }
    const { hints } = copies.note(this.current, (was) => ({ ...was, hints: Math.min(3, was.hints + 1) }));
    const shown = this.#exercise?.hints.slice(0, hints) ?? [];
    this.#say(shown.flatMap((hint, i) => [`${pc.bold(`Hint ${i + 1}`)}  ${hint}`, ""]));
  }

  #reset(): void {
    const kept = this.#options.copies.reset(this.current);
    this.#text = textOf(this.file) ?? "";
    this.#say([`The starter is back.${kept ? ` What you had is in ${relative(process.cwd(), kept)}.` : ""}`]);
  }

  #solution(): void {
    if (!this.#options.copies.progress(this.current).passed) {
      this.#say([`The solution is shown after yours has passed. Until then there are hints (${pc.cyan("h")}).`]);
      return;
    }
    const { marks } = this.#checks;
    const answer = textOf(this.#options.copies.path(this.current)) ?? "";
    this.#say(comparison(this.current, answer, marks && marks.ours.messages > 0 ? marks : undefined));
  }

  async #view(): Promise<void> {
    const picture = pictureOf(this.current);
    if (!picture) {
      this.#say(["This exercise has no picture."]);
      return;
    }
    const opened = await this.#options.openFile(picture.path);
    this.#say([picture.about, "", `${opened ? "opened " : "it is in"}  ${relative(process.cwd(), picture.path)}`]);
  }

  #walkThrough(): void {
    const { failed } = this.#checks;
    if (!failed) {
      this.#say([`Nothing has failed here since you opened this exercise. Check it with ${pc.cyan("c")}.`]);
      return;
    }
    const walk = new Walk(failed.traffic);
    this.#say(walk.lines(), walk);
  }

  #predict(): void {
    const questions = this.#exercise?.questions ?? [];
    if (questions.length === 0) return;
    const made = this.#options.copies.progress(this.current).predictions?.made ?? 0;
    this.#asked = new Prediction(questions[made % questions.length]);
    this.#say(this.#asked.lines());
  }

  async #type(asked: Prediction, key: string): Promise<void> {
    if (key === "\u001b" || key === "\u0003") {
      this.#asked = undefined;
      this.#say(["No prediction was made."]);
    } else if (key === "\r" || key === "\n") await this.#settle(asked);
    else {
      asked.type(key);
      this.#say(asked.lines());
    }
  }

  /** Answers the prediction by running the solution. */
  async #settle(asked: Prediction): Promise<void> {
    this.#asked = undefined;
    if (asked.guess === "") {
      this.#say(["No prediction was made."]);
      return;
    }
    this.#say([`You said ${asked.guess}. Running it at world size ${asked.question.world} …`]);
    const answer = String(await answerOf(this.#exercise as Exercise, this.current, asked.question));
    const right = asked.matches(answer);
    this.#options.copies.note(this.current, ({ predictions = { made: 0, right: 0 }, ...was }) => ({
      ...was,
      predictions: { made: predictions.made + 1, right: predictions.right + (right ? 1 : 0) },
    }));
    this.#say(asked.settled(answer));
  }
}

/** @returns undefined for a file that is not there, or cannot be read just now. */
function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
