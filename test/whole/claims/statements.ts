/**
 * Finds the numbers that a page states. What counts: digits, and number words before a noun that can be counted
 * (`twelve messages`, `half an hour`, `twice the tensor`). What does not: code, headings, addresses of links, numbers
 * that name something (chapter 5, rank 3, NVLink 4, RFC 2104, a year), numbers of a list, and the 1 of `n - 1`.
 */

/** A number in the prose or in a table of a page. */
export interface Stated {
  /** As it is written: `1.75`, `126`, `twelve messages`. */
  readonly number: string;
  /** Where it stands in the page's text. */
  readonly at: number;
  readonly line: number;
  /** The sentence or the row of a table around it. */
  readonly sentence: string;
}

/** What is no statement about a quantity, each with what it is. */
const aside: readonly RegExp[] = [
  /^```[\s\S]*?^```/gm, // code
  /^#.*$/gm, // headings
  /\]\((?:[^()]|\([^()]*\))*\)/g, // where a link leads
  /<!--[\s\S]*?-->/g,
  /^\s*\d+\. /gm, // numbers of a list
  /^\| \d+ \| (?=\[|[A-Z])/gm, // numbers of chapters in the map
  /\bchapters? \d+(( to |, | and )\d+)*/gi,
  /\bch\. \d+/gi,
  /\b[Ee]xercises? \d\.\d(( to |, | and )\d\.\d)*/g,
  /\[\d\.\d /g,
  /\b(ranks?|GPUs?|hosts?|nodes?|stages?|bits?|rails?|members?|threads?|rows?|columns?|steps?|chunks?|hints?|colors?|levels?|buffers?|operations?|places?|generations?|Tables?|sections?|number|versions?|phases?|rounds?) \d+([,–-]? ?(to|and|or|…|–|,)? ?\d+)*(?! ×)\b(?![.,]\d)/gi,
  /\b(NVLink|PCIe|NVSwitch|NCCL|RFC|UPI|Node|Python|torch|PyTorch|Open MPI|CUDA|IEEE|HDR|Gen|SHARP|TypeScript|OpenBLAS|MPI|issues?|PR|pull request|protocol|ConnectX-|DGX|ZeRO-|LL)[ -]?(≥ )?v?\d+(\.\d+)*[a-z]*(( and | to | or )\d+(\.\d+)*)*/g,
  /\b[A-Za-z]+\d[\w-]*/g, // f32, H100, LL128, int8
  /\b1F1B\b|\b[23]D\b/g,
  /\b(PCI Express Base Specification|TP|PP|DP|EP) \d+(\.\d+)?/g,
  /\b(19|20)\d\d\b(?! ?(ms|µs|s|GB|MB|KB|B|bytes|tokens|ranks)\b)/g,
  /\b[A-Z]+-\d+\b/g, // CS-2
  /\barXiv:? ?\d+\.\d+/g,
  /\b[a-zL] [-+] 1\b/g, // n - 1
  /&\w+;/g,
];

/** Nouns that are counted. */
const counted =
  "times|messages|bytes|steps|rounds|links|cards|rings|trees|latencies|algorithms|collectives|patterns|kinds|lines|numbers|minutes|hours?|seconds|milliseconds|microseconds|cores|threads|processes|processors|gpus|cpus|servers|nodes|machines|chapters|exercises|levels|transports|ways|pieces|chunks|elements|floats|values|sends|receives|switches|sockets|words|files|launchers|cures|buffers|copies|operations|all_reduces|all_gathers|exponentials|sums|bits|tokens|figures|slots|stages|micro-batches|batches|shells|vectors|samples|functions|evenings?|wires|lanes|ports|forward|factors|protocols|orders|operators|phases|tasks|numbers|errors|mistakes|rails";
const word =
  "two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|twenty|thirty|sixty-four|fifty|(?:a |an )?hundred|(?:a |an )?thousand|(?:a )?million|(?:a )?dozen|one";
const words = new RegExp(
  `\\b(?:(?:${word})(?: hundred| thousand| million)?(?: [a-z-]+)? (?:${counted})|half an? [a-z]+|half (?:of|the)|twice|a third|a quarter|an eighth|(?:ten|hundred|thousand)-?fold)\\b`,
  "gi",
);
const digits = /(?<![\w.])\d+(?:[.,]\d+)*(?![.,]?\d)/g;

/** The text with everything put aside turned into blanks, so that places stay. */
function prose(text: string): string {
  const blank = (found: string): string => found.replace(/[^\n]/g, " ");
  // Code within a line is named, not stated; but values in a table are what a table states.
  let kept = text.replace(/`[^`\n]*`/g, (code) => (/^`\[.*\]`$/.test(code) ? code : blank(code)));
  kept = kept.replace(/^```[\s\S]*?^```/gm, blank);
  for (const pattern of aside) kept = kept.replace(pattern, blank);
  return kept;
}

/** Numbers that a page states, in order. */
export function statedIn(text: string): Stated[] {
  const plain = prose(text.replace(/^```[\s\S]*?^```/gm, (code) => code.replace(/[^\n]/g, " ")));
  const found = [...plain.matchAll(digits), ...plain.matchAll(words)].sort((a, b) => a.index - b.index);
  return found.map((match) => ({
    number: match[0],
    at: match.index,
    line: text.slice(0, match.index).split("\n").length,
    sentence: sentenceAt(text, match.index),
  }));
}

/** The sentence around a place, or the row of a table. */
function sentenceAt(text: string, at: number): string {
  const row = text.slice(text.lastIndexOf("\n", at) + 1, (text.indexOf("\n", at) + 1 || text.length + 1) - 1);
  if (row.startsWith("|")) return row;
  const from = Math.max(...["\n\n", ". ", "? ", ".\n", "? "].map((end) => text.lastIndexOf(end, at))) + 1;
  const ends = ["\n\n", ". ", "? ", ".\n"].map((end) => text.indexOf(end, at)).filter((end) => end >= 0);
  return text
    .slice(Math.max(0, from), Math.min(text.length, ...ends) + 1)
    .replace(/\n> ?|\s+/g, " ")
    .trim();
}

/** Where a quote stands in a page, blanks and ends of lines alike. */
export function placesOf(quote: string, text: string): { readonly from: number; readonly to: number }[] {
  const parts = quote
    .trim()
    .split(/\s+/)
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const pattern = new RegExp(parts.join("(?:\\s*\\n> ?|\\s+)"), "g");
  return [...text.matchAll(pattern)].map(({ index, 0: found }) => ({ from: index, to: index + found.length }));
}
