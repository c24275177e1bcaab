/**
 * `worldsize learn` without its terminal: which exercise is open, what its last check said,
 * and what each key does. learn.ts draws it and feeds it keys and saved files.
 */
import { existsSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import pc from "picocolors";
import type { Exercise } from "../../exercise/define.ts";
import type { CourseExercise } from "../../exercise/node/catalog.ts";
import { type CheckOptions, check, loadExercise, type Verdict } from "../../exercise/node/checker.ts";
import { type Copies, CopyError } from "../../exercise/node/copies.ts";
import { packageRoot } from "../../job/node/compile.ts";
import { remember, report } from "../check.ts";
import { reflow, type Screen } from "./layout.ts";
import { lessonScreen } from "./lesson-screen.ts";
import { answerOf, Prediction } from "./prediction.ts";

export interface LessonOptions {
  readonly exercises: readonly CourseExercise[];
  readonly copies: Copies;
  /** Called whenever there is something new to see. */
  readonly redraw: () => void;
}

export class Lesson {
  readonly #options: LessonOptions;
  #at = 0;
  #exercise: Exercise | undefined;
  /** What fills the middle of the screen. */
  #body: string[] = [];
  /** A running check, to be stopped when a newer one begins. */
  #running: AbortController | undefined;
  /** The reader's file as it was last opened or checked. */
  #text = "";
  #status = "";
  /** The prediction under way. */
  #asked: Prediction | undefined;
  #confirming: "reset" | undefined;

  constructor(options: LessonOptions) {
    this.#options = options;
    const { exercises, copies } = options;
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
    const title = this.#exercise?.title ?? "";
    return lessonScreen(
      { ...this.#options, current: this.current, title, body: this.#body, status: this.#status },
      width,
    );
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
    switch (key) {
      case "t":
        this.#say(reflow(readFileSync(join(this.current.folder, "task.md"), "utf8")));
        break;
      case "i":
        this.#say(readFileSync(join(packageRoot, "course/api.md"), "utf8").trimEnd().split("\n"));
        break;
      case "p":
        this.#predict();
        break;
      case "h":
        this.#hint();
        break;
      case "c":
      case "\r":
        await this.#check();
        break;
      case "a":
        await this.#checkAll();
        break;
      case "n":
        await this.#open((this.#at + 1) % this.#options.exercises.length);
        break;
      case "b":
        await this.#open((this.#at - 1 + this.#options.exercises.length) % this.#options.exercises.length);
        break;
      case "r":
        this.#confirming = "reset";
        this.#say(["Put the starter back? Your file is kept under another name. y: yes, any other key: no"]);
        break;
      case "s":
        this.#solution();
        break;
      case "q":
      case "\u0003":
      case "\u0004":
        this.#running?.abort();
        return false;
      default:
        break;
    }
    return true;
  }

  /** Where the open exercise's answer lies. */
  get file(): string {
    return this.#options.copies.path(this.current);
  }

  /** Whether something else lies there than was last opened or checked; a file that is on its way is not there. */
  get isSaved(): boolean {
    const text = textOf(this.file);
    return text !== undefined && text !== this.#text;
  }

  /** The answer may have been saved: checks it if so. */
  async saved(): Promise<void> {
    if (this.isSaved) await this.#check(this.file);
  }

  async #open(at: number): Promise<void> {
    this.#running?.abort();
    this.#at = at;
    this.#asked = undefined;
    this.#exercise = await loadExercise(this.current.file);
    const path = this.#copy();
    if (path === undefined) return;
    this.#text = textOf(path) ?? "";
    this.#say([
      `Read the task (${pc.cyan("t")}), predict (${pc.cyan("p")}), then edit ${relative(process.cwd(), path)} and save: every save is checked.`,
    ]);
  }

  #say(lines: readonly string[]): void {
    this.#body = [...lines];
    this.#status = "";
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
    this.#running?.abort();
    const mine = new AbortController();
    this.#running = mine;
    const exercise = this.current;
    const options: CheckOptions = {
      signal: mine.signal,
      onProgress: (done, all) => {
        if (mine.signal.aborted) return;
        this.#status = `checking: run ${done + 1} of ${all} …`;
        this.#options.redraw();
      },
    };
    this.#text = textOf(answer) ?? "";
    const verdict = await check(exercise.file, answer, options);
    if (mine.signal.aborted) return;
    const lines = report(exercise, answer, verdict);
    remember(this.#options.copies, exercise, verdict);
    if (verdict.verdict === "passed")
      lines.push("", `Next: ${pc.cyan("n")}. Compare with our solution: ${pc.cyan("s")}.`);
    this.#say(lines);
  }

  async #checkAll(): Promise<void> {
    const { exercises, copies } = this.#options;
    const begun = exercises.filter((exercise) => existsSync(copies.path(exercise)));
    const lines: string[] = [];
    const mine = new AbortController();
    this.#running?.abort();
    this.#running = mine;
    for (const exercise of begun) {
      const verdict: Verdict = await check(exercise.file, copies.path(exercise), { signal: mine.signal });
      if (mine.signal.aborted) return;
      remember(copies, exercise, verdict);
      lines.push(report(exercise, copies.path(exercise), verdict)[0]);
      this.#say([...lines, exercise === begun.at(-1) ? "" : pc.dim("…")]);
    }
  }

  #hint(): void {
    const { copies } = this.#options;
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
    this.#say(readFileSync(join(this.current.folder, "solution.ts"), "utf8").trimEnd().split("\n"));
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
