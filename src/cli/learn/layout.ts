/** Text on a screen: paragraphs made whole, lines cut to its width, and the part of them that fits. */

/** The screen: what fits between head and foot of the body is shown, and can be moved. */
export interface Screen {
  readonly head: readonly string[];
  readonly body: readonly string[];
  readonly foot: readonly string[];
}

/** Markdown with each paragraph and list item on one line; code and tables stay as they are. */
export function reflow(markdown: string): string[] {
  const lines: string[] = [];
  let code = false;
  for (const line of markdown.trim().split("\n")) {
    const last = lines.at(-1) ?? "";
    const text = line.replace(/!\[([^\]]*)\]\([^)]*\)/g, "($1: see the picture)");
    if (line.startsWith("```")) code = !code;
    const goesOn = /^\s*[^\s|#>`-]/.test(line) && /\S/.test(last) && !/^(#|\|| {4})/.test(last);
    if (line.startsWith("```")) continue;
    if (!code && goesOn) lines[lines.length - 1] = `${last} ${text.trim()}`;
    else lines.push(code ? `    ${line}` : text);
  }
  return lines;
}

/** Cuts a line at spaces, counting what is seen and not the colours. */
export function wrap(line: string, width: number): string[] {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are escape sequences
  const seen = (text: string): number => text.replace(/\x1b\[[0-9;]*m/g, "").length;
  if (seen(line) <= width) return [line];
  const indent = /^\s*/.exec(line)?.[0] ?? "";
  const rows: string[] = [];
  let row = "";
  for (const word of line.split(/(?<= )/)) {
    if (row.trim() !== "" && seen(row + word.trimEnd()) > width) {
      rows.push(row.trimEnd());
      row = indent;
    }
    row += word;
  }
  return [...rows, row];
}

/** The rows of a screen from `top` of its body on. @returns them, and how far the body can be moved. */
export function framed(screen: Screen, width: number, height: number, top: number): { rows: string[]; most: number } {
  const cut = (lines: readonly string[]): string[] => lines.flatMap((line) => wrap(line, width));
  const [head, body, foot] = [cut(screen.head), cut(screen.body), cut(screen.foot)];
  const room = Math.max(3, height - head.length - foot.length - 1);
  if (body.length <= room) return { rows: [...head, ...body, ...foot], most: 0 };
  const most = body.length - (room - 1);
  const from = Math.min(top, most);
  const part = body.slice(from, from + room - 1);
  const more = from < most ? "↓ more: arrow keys, or space" : "↑ the beginning: arrow keys";
  return { rows: [...head, ...part, more, ...foot], most };
}
