/**
 * Words that read as translated, and what to write instead: in all that a user can read of our sources, in the course,
 * in the exercises, and in comments. A word that is right in one place is allowed there, and only there.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { expect, it } from "vitest";

const counted = "bytes?|numbers?|ms|µs|seconds?|microseconds?|milliseconds?|nanoseconds?|messages?|flops";
const thing = "tensor|number|line|row|thread|process|folder|file|segment|piece|object|verdict|script|figure";
const each =
  "rank|round|message|line|row|second|byte|look|collective|step|launch|call|element|token|level|lane|host|size|block|group|unit";

/** A pattern, what to write in its place, a sentence that it finds, and one that it leaves alone. */
const rules: readonly (readonly [found: RegExp, instead: string, wrong: string, right: string])[] = [
  [/\bevery(body|one)\b/i, "every rank, all ranks", "Everybody's numbers", "every body of a loop"],
  [/\bunder way\b/i, "in flight, running, in progress", "four are under way", "under no way"],
  [/\b(in|out)side of\b/i, "inside, outside", "inside of a job", "inside a job"],
  [/\bmend(s|ed|ing)?\b/i, "fix", "Mend it", "amend it, recommended"],
  [/\bshall\b/i, "must, should", "All shall be awaited", "a shallow copy"],
  [/(?<!<)\bcircles?\b/i, "cycle (of waits), ring", "ranks wait in a circle", "a cycle"],
  [/\bthe meeting\b/i, "the rendezvous", "build the meeting", "meeting a deadline"],
  [/\b(table|store) of words\b/i, "key-value table", "a small store of words", "a table of wordings"],
  [/\btexts\b/i, "strings", "Values are texts", "context, text"],
  [
    /\btells? (its|their|each other'?s?) (own )?colou?rs?\b/i,
    "announces",
    "each tells its color",
    "announces its color",
  ],
  [/\b(put|set)s? right\b/i, "corrected", "a guess that is put right", "sent to the right"],
  [/\bend(s|ed|ing)? well\b/i, "finishes", "Which of them ends well?", "the end; well done"],
  [/\w{2}\((s|es)\)(?!\w)/, "the plural that the number asks for", "1 host(s)", "withStream(s, f)"],
  [new RegExp(`\\b(${counted}) an? (${each})s?\\b`), "per", "10 ms a look", "sent bytes to a rank"],
  [new RegExp(`\\b([Oo]ne|[Tt]wo|[Aa]n?) ((${thing})s? )?an? (${each})\\b`), "per", "one a rank", "a rank a"],
  [
    /(?<!there )\b(is|are) no (number|address|speed|JSON|Errors?|power|text|count|size)\b/,
    "is not a",
    "x is no number",
    "no number is",
  ],
  [/\bmessages in a row\b/i, "sequential steps", "the messages in a row", "messages, in a row of three"],
];

/** What reports numbers calls them numbers: a figure is a picture. In other text the word is a matter of reading. */
const figure = /\bfigures?\b(?![/."`])/i;
const reports = /\/exercises\/.*\.(ts|md)$|^src\/(exercise|world|job|device|tensor|script|platform)\/.*\.ts$/;

/** Sentences in which a word is right. */
const allowed: readonly RegExp[] = [
  // What the stories of the generator say is no text about ranks.
  /^In the evening, \{A\} told everyone about \{thing\} and fell asleep\.$/,
  // The command that draws pictures, and what it says.
  /\bworldsize figure\b|^figure$|\bthe course's figures; |^a figure, such as |^The figure could not be drawn to $/,
];

/** Being rewritten elsewhere; each goes from here when that is merged. Matched against `file: sentence`. */
const notYet: readonly RegExp[] = [];

interface Sentence {
  readonly place: string;
  readonly text: string;
  readonly isFigure: boolean;
}

const under = (folder: string, ending: RegExp): string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => ending.test(file))
    .map((file) => join(folder, file).replaceAll("\\", "/"));

/** What people read in a source: its strings, each template in pieces, and its comments. */
function sentencesOf(file: string): Sentence[] {
  const source = readFileSync(file, "utf8");
  const parsed = ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true);
  const found: Sentence[] = [];
  const add = (at: number, text: string, isFigure: boolean): void => {
    const line = parsed.getLineAndCharacterOfPosition(at).line + 1;
    if (!/^[\w./-]*[-/][\w./-]*$/.test(text)) found.push({ place: `${file}:${line}`, text, isFigure }); // no names, no paths
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return;
    const isText = ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node);
    if (isText) add(node.getStart(parsed), node.text, reports.test(file));
    ts.forEachChild(node, visit);
  };
  visit(parsed);
  for (const { index, 0: text } of source.matchAll(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/ .*$/gm))
    add(index, text.replace(/\n\s*\*/g, ""), false);
  return found;
}

/** The lines of a page: a sentence that goes on in the next line is seen with it. */
function linesOf(file: string): Sentence[] {
  const lines = readFileSync(file, "utf8").split("\n");
  const isFigure = reports.test(file);
  return lines
    .map((line, i) => ({ place: `${file}:${i + 1}`, text: line.trimEnd(), isFigure }))
    .concat(
      lines.slice(1).map((line, i) => {
        const [before, after] = [lines[i].split(" ").at(-1), line.trimStart().split(" ")[0]];
        return { place: `${file}:${i + 1}`, text: `${before} ${after}`, isFigure: false };
      }),
    );
}

/** What is wrong with a sentence, and what to write. */
function faults({ place, text, isFigure }: Sentence): string[] {
  const file = place.replace(/:\d+$/, "");
  if (notYet.some((pattern) => pattern.test(`${file}: ${text}`)) || allowed.some((pattern) => pattern.test(text)))
    return [];
  const all = isFigure ? [...rules, [figure, "number"] as const] : rules;
  return all.flatMap(([pattern, instead]) => {
    const word = pattern.exec(text)?.[0];
    return word ? [`${place}: "${word}" → ${instead}: ${text.slice(0, 120)}`] : [];
  });
}

const sources = [
  ...under("src", /\.ts$/),
  ...under("tools", /\.mjs$/),
  ...under("bench", /\.(ts|mjs)$/),
  ...under("course", /\.ts$/),
];
const pages = [
  ...["README", "ARCHITECTURE", "READING", "CONTRIBUTING", "SECURITY"].map((name) => `${name}.md`),
  ...under("src", /README\.md$/),
  ...under("course", /\.md$/),
];

it.each(sources)("strings and comments of %s use the field's words", (file) => {
  expect(sentencesOf(file).flatMap(faults)).toEqual([]);
});

it.each(pages)("%s uses the field's words", (file) => {
  expect(linesOf(file).flatMap(faults)).toEqual([]);
});

it.each(rules)("%s is found where it is wrong, and only there", (pattern, instead, wrong, right) => {
  const sentence = (text: string): Sentence => ({ place: "x.md:1", text, isFigure: false });
  expect(faults(sentence(wrong)).some((fault) => fault.includes(`→ ${instead}:`))).toBe(true);
  expect(pattern.test(right), right).toBe(false);
});

it("a figure is a picture", () => {
  expect(faults({ place: "x.ts:1", text: "what is the figure for each size?", isFigure: true })).toHaveLength(1);
  expect(faults({ place: "x.ts:1", text: "see ../../figures/ring.svg", isFigure: true })).toEqual([]);
});

it("every sentence that is allowed is there", () => {
  const texts = [...sources.flatMap(sentencesOf), ...pages.flatMap(linesOf)].map(({ text }) => text);
  for (const pattern of allowed)
    expect(
      texts.some((text) => pattern.test(text)),
      String(pattern),
    ).toBe(true);
});
