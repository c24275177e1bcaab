/** What a reader expects before a run: the question, the answer as it is typed, and whether it came true. */
import { join } from "node:path";
import pc from "picocolors";
import type { Exercise, Question } from "../../exercise/define.ts";
import type { CourseExercise } from "../../exercise/node/catalog.ts";
import { runOnce } from "../../exercise/node/checker.ts";
import { compileAnswer } from "../../exercise/node/compile-answer.ts";
import { Outcome } from "../../exercise/outcome.ts";

/** A question, and what has been typed of its answer. */
export class Prediction {
  readonly question: Question;
  #typed = "";

  constructor(question: Question) {
    this.question = question;
  }

  /** What has been typed, as the reader sees it. */
  get guess(): string {
    return this.#typed.trim();
  }

  /** Takes a key that is part of an answer, or takes the last one back. */
  type(key: string): void {
    if (key === "\u007f" || key === "\b") this.#typed = this.#typed.slice(0, -1);
    else if (key >= " ") this.#typed += key;
  }

  /** What the screen shows while it is asked. */
  lines(): string[] {
    const { ask, choices } = this.question;
    const list = choices?.map((choice, i) => `  ${i + 1}  ${choice}`) ?? [];
    return [
      pc.bold("What do you expect?"),
      ask,
      ...list,
      "",
      `${choices ? "number of your choice" : "your answer"}, then Enter: ${this.#typed}▏`,
    ];
  }

  /** Whether it came true. */
  matches(answer: string): boolean {
    const said = this.#said();
    return (
      said.toLowerCase() === answer.toLowerCase() ||
      (numberIn(said) !== undefined && numberIn(said) === numberIn(answer))
    );
  }

  /** What the screen shows once the answer is known. */
  settled(answer: string): string[] {
    const right = this.matches(answer);
    return [
      this.question.ask,
      `${right ? pc.green("Yes") : pc.yellow("Not quite")}: ${pc.bold(answer)}${right ? "" : `, you said ${this.#said()}`}.`,
      this.question.because,
    ];
  }

  /** The choice whose number was typed, where there are some. */
  #said(): string {
    const { choices } = this.question;
    return choices ? (choices[Number(this.guess) - 1] ?? this.guess) : this.guess;
  }
}

/** The answer to a question, read off a run of the solution. */
export async function answerOf(
  exercise: Exercise,
  { file, folder }: CourseExercise,
  question: Question,
): Promise<string | number> {
  const program = await compileAnswer(file, join(folder, "solution.ts"));
  const settings = { world: question.world, transport: "local", seed: 1, interleaving: undefined, variant: 0 } as const;
  const run = await runOnce(exercise, program, settings);
  if ("message" in run) throw new Error(run.message);
  const traffic = run.result.records.map((records) => records.traffic);
  return question.answer(new Outcome(settings, run.reports, run.shown, traffic));
}

/** A number as people write it: `1,250`, `9 lines`, `1250 us`, `about 3`. */
function numberIn(text: string): number | undefined {
  const found = /[-+]?\d[\d,_ \u00a0]*(?:\.\d+)?(?:e[-+]?\d+)?/i.exec(text.replace(/−/g, "-"))?.[0];
  if (found === undefined || /\d/.test(text.replace(found, ""))) return undefined; // two numbers are not a number
  return Number(found.replace(/[,_ \u00a0]/g, ""));
}
