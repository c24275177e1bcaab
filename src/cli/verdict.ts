/** A verdict as people read it, with the picture of what went wrong, and as programs do. */
import { relative } from "node:path";
import pc from "picocolors";
import { sequenceOf } from "../draw/sequence.ts";
import { sequenceText } from "../draw/sequence-text.ts";
import { type CourseExercise, twinLines } from "../exercise/node/catalog.ts";
import type { Verdict } from "../exercise/node/checker.ts";
import { marksText } from "../exercise/node/marks.ts";
import type { Notice } from "../exercise/node/types/notices.ts";
import { visibleLines } from "../trace/text.ts";

/** A verdict as lines of text, with the picture of what went wrong. @param notices what its types show. */
export function report(
  exercise: CourseExercise,
  answer: string,
  verdict: Verdict,
  notices: readonly Notice[] = [],
): string[] {
  const title = `${exercise.number} ${exercise.name}`;
  const output = [...noticeLines(notices), ...printedLines(verdict)];
  if (verdict.verdict === "passed") {
    const marks = verdict.marks && verdict.marks.ours.messages > 0 ? marksText(verdict.marks) : [];
    return [
      `${pc.green("passed")}  ${title}, in ${verdict.runs} run${verdict.runs === 1 ? "" : "s"}`,
      ...[...marks, ...twinLines(exercise)].map((line) => pc.dim(`  ${line}`)),
      ...output,
    ];
  }
  if (verdict.verdict === "could not run") {
    return [`${pc.yellow("could not run")}  ${title}`, `  ${visibleLines(verdict.message)}`, ...output];
  }
  const { settings, property, message, traffic, shown } = verdict;
  const { world, transport, interleaving } = settings;
  const turns = transport !== "local" ? "threads" : interleaving === undefined ? "turns in order" : "shuffled turns";
  const picture = sequenceOf(traffic, 24);
  const printed = shown.flatMap((own, rank) =>
    own.flatMap((what) => (what.kind === "line" ? [`  rank ${rank} │ ${visibleLines(what.text)}`] : [])),
  );
  return [
    `${pc.red("failed")}  ${title}: ${pc.bold(property)}`,
    ...visibleLines(message)
      .split("\n")
      .map((line) => `  ${line}`),
    pc.dim(
      `  ${verdict.isDistributed ? `world size ${world}, ${transport}, ${turns}; ` : ""}${visibleLines(relative(process.cwd(), answer))}; again with --seed ${verdict.seed}`,
    ),
    ...(picture.rows.length > 0 ? ["", ...sequenceText(picture).map((line) => `  ${visibleLines(line)}`)] : []),
    ...(printed.length > 0 ? ["", ...printed.slice(0, 12)] : []),
    ...output,
  ];
}

/** What was noticed before the answer ran. */
export function noticeLines(notices: readonly Notice[]): string[] {
  if (notices.length === 0) return [];
  const lines = notices.map(({ line, text }) => `  line ${line}: ${visibleLines(text)}`);
  return ["", `  ${pc.yellow("before it ran, this was noticed:")}`, ...lines];
}

/** Lines of output that are shown of all ranks together. */
const MOST_PRINTED = 24;

/** What the answer printed in the run that decided, rank by rank. */
function printedLines({ printed = [] }: Verdict): string[] {
  const lines = printed.flatMap((own, rank) => own.map((line) => `  rank ${rank} printed │ ${line}`));
  if (lines.length === 0) return [];
  const more = lines.length - MOST_PRINTED;
  return ["", ...lines.slice(0, MOST_PRINTED), ...(more > 0 ? [pc.dim(`  … and ${more} more; all with --json`)] : [])];
}

/** Of the form of `--json`: it grows when a field changes its meaning or goes. */
const JSON_VERSION = 1;
/** Things that one rank showed, in JSON. */
const MOST_SHOWN = 100;

/** What `--json` prints. */
export function jsonOf(
  { number, name }: CourseExercise,
  file: string,
  verdict: Verdict,
  notices: readonly Notice[],
): object {
  const about = { version: JSON_VERSION, exercise: number, name, file, ...(notices.length > 0 ? { notices } : {}) };
  if (verdict.verdict !== "failed") return { ...about, ...verdict };
  const { traffic, shown, ...rest } = verdict;
  return { ...about, ...rest, shown: shown.map((own) => own.slice(0, MOST_SHOWN)), sequence: sequenceOf(traffic) };
}
