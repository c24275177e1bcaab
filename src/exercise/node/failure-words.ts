/** A run that failed, in words for whoever wrote the answer. */
import { basename } from "node:path";

/** Characters of what was thrown that are shown. */
const SHOWN = 500;

/** `rank 0 threw: no luck (answer.ts:12)`; what names its rank itself, and its line, is told as it is. */
function thrownBy(rank: number, message: string, line: string): string {
  const text = message.length > SHOWN ? `${message.slice(0, SHOWN)}…` : message;
  const where = line && text.includes(line) ? "" : line;
  if (/^rank \d/.test(text)) return where ? `at ${where.slice(2, -1)}, ${text}` : text;
  return `rank ${rank} threw${text.startsWith("a value that is not an Error") ? "" : ":"} ${text}${where}`;
}

/** A failed run. */
interface Failure {
  /** Below 0 for one of all ranks. */
  readonly rank: number;
  readonly message: string;
  readonly stack: string;
}

/** A failure as a learner can use it. @param path of the answer, whose line is named. */
export function failureWords({ rank, message, stack }: Failure, path: string, world: number): string {
  if (rank < 0) return plain(message, world);
  const line = lineIn(path, stack);
  // The answer is on no stack: it had returned, and its caller looks at what it left.
  const left = line === "" && /^rank \d+ (?:reads|writes to) a buffer that (.*) is using: /.exec(message)?.[1];
  if (left) {
    return `on rank ${rank}, the answer returned while ${left} was still in flight, and its result is checked next. Is an await missing?`;
  }
  if (line === "" && /was used after it was freed/.test(message)) {
    const what = /^(.*?) was used after it was freed/.exec(message)?.[1] ?? "a tensor";
    return `on rank ${rank}, ${what} was used after the answer had freed it. What it is handed belongs to the caller, who still uses it.`;
  }
  return plain(thrownBy(rank, message, line), world);
}

/** With what may be the reason, and without advice that is for others. */
function plain(text: string, world: number): string {
  const short = world === 1 ? text.replace(" Copy the tensor instead.", "") : text;
  const reason = reasonOf(short, world);
  return reason ? `${short} ${reason}` : short;
}

/** What a failure says less plainly, as it is not said to a learner. */
function reasonOf(text: string, world: number): string {
  if (world === 1 && /world\.(send|recv) with/.test(text))
    return "Here rank 0 is alone: there is no other rank to talk to.";
  if (/with rank -\d+,/.test(text)) return "In JavaScript -1 % n is -1: (a % n + n) % n is never below 0.";
  return "";
}

/** ` (answer.ts:12)`: the innermost line of a file in a stack. */
function lineIn(path: string, stack: string): string {
  const at = stack.indexOf(`${path}:`);
  const line = at < 0 ? undefined : /^\d+/.exec(stack.slice(at + path.length + 1))?.[0];
  return line ? ` (${basename(path)}:${line})` : "";
}

/** Whether a rank may go on: it does not let its event loop turn, or waits for a key, which may have a time. */
export const mayGoOn = (quiet: string): boolean => /computes?, or loops?|starting|of the store/.test(quiet);

/** Why a run was given up. @param quiet who did what when nothing moved, if that was ever so. */
export function endless(quiet: string, patience: number, world: number): string {
  const where = `at world size ${world}`;
  if (quiet && !mayGoOn(quiet)) {
    return `it never ends ${where}. ${quiet} Is something awaited that nothing will ever resolve?`;
  }
  return `it did not end within ${patience / 1000} s ${where}: is there an endless loop?${quiet && ` ${quiet}`}`;
}
