/**
 * The account of what a program threw, whatever it was: an error with its causes and the
 * lines of the program, or a value that is no error. It is total, and bounded where it is made.
 */
import { attempt, cut, inspect, isError, wordsOf } from "../trace/text.ts";
import { JobError, userFrame } from "../world/index.ts";

/** Most characters of a message; of a message of a cause; and of the whole account. */
const MESSAGE = 64 * 1024;
const CAUSE = 4000;
const WHOLE = 2 * MESSAGE;
/** Most characters of the line that the other ranks get. */
const TITLE = 1500;
/** Causes of causes, errors of an aggregate, and lines of a stack that are shown. */
const DEPTH = 8;
const ERRORS = 16;
const FRAMES = 24;

export interface Account {
  /** One line for the other ranks: name, message, line of the program, causes. */
  readonly title: string;
  readonly message: string;
  /** Name and message, the program's frames, and the same for what caused it. */
  readonly stack: string;
  /** Whether this is, or was caused by, the failure of the job as this rank was told of it. */
  readonly echo: boolean;
}

/** @param hint added behind the frames of the error itself. */
export function accountOf(value: unknown, hint: (error: Error) => string = () => ""): Account {
  const [thrown, ...later] = inOrder(value);
  const seen = new Set<unknown>();
  const lines: string[] = [];
  let echo = false;
  let room = WHOLE;
  const tell = (value: unknown, indent: string, lead: string, most: number): void => {
    if (room < 0) return; // aggregates of aggregates are many
    if (seen.has(value) && isError(value)) {
      lines.push(`${indent}${lead}(the same error again)`);
      return;
    }
    seen.add(value);
    if (attempt(() => value instanceof JobError, false)) echo = true;
    const head = indented(lead === "" ? headOf(value, most) : wordsFor(value, most), indent);
    lines.push(`${indent}${lead}${head}`);
    room -= head.length + 100;
    if (!isError(value)) return;
    for (const frame of framesOf(value)) lines.push(`${indent}    ${frame}`);
    if (seen.size === 1)
      lines.push(
        ...attempt(() => hint(value), "")
          .split("\n")
          .filter(Boolean),
      );
    const { cause, errors } = partsOf(value);
    if (indent.length >= 2 * DEPTH) return;
    errors.slice(0, ERRORS).forEach((each, i) => {
      tell(each, `${indent}  `, `[${i}] `, CAUSE);
    });
    if (errors.length > ERRORS) lines.push(`${indent}  and ${errors.length - ERRORS} more errors`);
    if (cause) tell(cause.value, `${indent}  `, "caused by ", CAUSE);
  };
  tell(thrown, "", "", MESSAGE);
  for (const each of later) tell(each, "  ", "and then, as the block was left, ", CAUSE);
  const message = isError(thrown) ? messageOf(thrown, MESSAGE) : headOf(thrown, MESSAGE);
  return { title: cut(titleOf(thrown), TITLE), message, stack: cut(lines.join("\n"), WHOLE), echo };
}

/**
 * What was thrown first, and what `using` threw after it, as it gave up what was in use: a SuppressedError holds the two
 * the other way round.
 */
function inOrder(thrown: unknown): unknown[] {
  const later: unknown[] = [];
  let first = thrown;
  while (later.length < ERRORS && isSuppressed(first)) {
    later.unshift(first.error);
    first = first.suppressed;
  }
  return [first, ...later];
}

function isSuppressed(value: unknown): value is { readonly error: unknown; readonly suppressed: unknown } {
  return isError(value) && attempt(() => value.name === "SuppressedError" && "suppressed" in value, false);
}

/** `TypeError: no (train.ts:4), caused by Error: why` */
function titleOf(thrown: unknown): string {
  const frame = isError(thrown) ? userFrame(stackOf(thrown)) : undefined;
  let title = headOf(thrown, TITLE / 2) + (frame ? ` (${frame.file}:${frame.line})` : "");
  let value: unknown = thrown;
  for (let depth = 0; depth < 3 && isError(value); depth++) {
    const { cause } = partsOf(value);
    if (!cause) break;
    value = cause.value;
    title += `, caused by ${wordsFor(value, TITLE / 4)}`;
  }
  return title;
}

function headOf(value: unknown, most: number): string {
  return (isError(value) ? "" : "a value that is not an Error: ") + wordsFor(value, most);
}

/** Name and message of an error; of anything else, the value. */
function wordsFor(value: unknown, most: number): string {
  if (!isError(value)) return typeof value === "string" ? JSON.stringify(cut(value, most)) : cut(inspect(value), most);
  const { name, message } = wordsOf(value);
  return message === "" ? name : `${name}: ${cut(message, most)}`;
}

/** Never empty: an error without a message is called by its name. */
function messageOf(error: Error, most: number): string {
  const { name, message } = wordsOf(error);
  return cut(message, most) || `${name}, without a message`;
}

function stackOf(error: Error): string {
  const stack = attempt<unknown>(() => error.stack, "");
  return typeof stack === "string" ? stack : "";
}

/** The frames of a stack that lie in the program: not this library's, and not the engine's own. */
function framesOf(error: Error): string[] {
  const stack = stackOf(error);
  const frames: string[] = [];
  // From the end, because a message may hold lines that look like frames.
  for (let to = stack.length; to > 0 && frames.length < 400; ) {
    const from = stack.lastIndexOf("\n", to - 1) + 1;
    const line = stack.slice(from, Math.min(to, from + 1000)).trim();
    if (!line.startsWith("at ") && !line.includes("@")) break;
    if (userFrame(line)) frames.unshift(line.replace(/\?rank=\d+/, ""));
    to = from - 1;
  }
  return frames.length > FRAMES ? [...frames.slice(0, FRAMES), `… ${frames.length - FRAMES} more lines`] : frames;
}

function partsOf(error: Error): { cause: { value: unknown } | undefined; errors: readonly unknown[] } {
  const has = attempt(() => "cause" in error && error.cause !== undefined, false);
  const errors = attempt<unknown>(() => (error as AggregateError).errors, undefined);
  return {
    cause: has ? { value: attempt<unknown>(() => error.cause, undefined) } : undefined,
    errors: attempt(() => (Array.isArray(errors) ? errors.slice(0, 1000) : []), []),
  };
}

/** A text of several lines, further ones below the first. */
function indented(text: string, indent: string): string {
  return indent === "" ? text : text.split("\n").join(`\n${indent}`);
}
