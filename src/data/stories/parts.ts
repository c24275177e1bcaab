/** Parts that documents are put together from, and how often each kind of task comes. */
import type { Part } from "../sample.ts";
import type { TaskKind } from "../tasks/tasks.ts";
import type { Question, Random, Story } from "./story.ts";

/** What stands without a role. */
export const plain = (text: string): Part => ({ role: "plain", text, weight: 1 });
/** What is only read. */
export const user = (text: string): Part => ({ role: "user", text, weight: 0 });
/** What a model learns to say. */
export const assistant = (text: string): Part => ({ role: "assistant", text, weight: 1 });

/** Kinds of tasks by how much there is to learn: how often each comes. */
const taskShares: Readonly<Record<TaskKind, number>> = {
  sum20: 0.25,
  sum99: 0.01, // seen, hardly learned: left for learning by reward
  steps: 0.2,
  difference: 0.06,
  sort: 0.16,
  reverse: 0.16,
  largest: 0.06,
  repeat: 0.1,
};

/** A kind of task, as often as it is to come. */
export function drawTask(random: Random): TaskKind {
  let left = random();
  for (const [kind, share] of Object.entries(taskShares)) if ((left -= share) < 0) return kind as TaskKind;
  return "repeat";
}

/** Some questions of a story; yes and no are asked as often as each other. */
export function someQuestions(random: Random, { questions }: Story, count: number): Question[] {
  const left = [...questions];
  return Array.from(
    { length: Math.min(count, left.length) },
    () => left.splice(Math.floor(random() * left.length), 1)[0],
  );
}

/** Questions, and their answers. */
export const asked = (questions: readonly Question[]): Part[] =>
  questions.flatMap(({ question, answer }) => [user(question), assistant(answer)]);
