/** What a program showed, as one page that needs nothing else: text, tables, curves and timelines in their order. */
import type { Row, Shown } from "../script/show.ts";
import { seriesSvg } from "./series-svg.ts";
import { escapeXml, type Look } from "./svg.ts";
import { timelineSvg } from "./timeline-svg.ts";

/** Something that a rank showed. */
export interface PageItem {
  readonly rank: number;
  readonly shown: Shown;
}

const style = `
:root { color-scheme: light dark; --ink: #1d2433; --soft: #667085; --line: #c9d0dc; --page: #ffffff }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaf2; --soft: #9aa5b8; --line: #3a4456; --page: #10151f } }
body { margin: 0 auto; max-width: 900px; padding: 24px 16px 64px; background: var(--page); color: var(--ink);
       font: 16px/1.5 ui-sans-serif, system-ui, sans-serif }
h1 { font-size: 24px; margin: 0 0 4px } h2 { font-size: 14px; margin: 24px 0 4px }
.about, .rank { color: var(--soft) } .rank { font-size: 13px; margin: 20px 0 0 }
pre { margin: 4px 0; white-space: pre-wrap; font: inherit }
pre.drawn { font: 13px/1.5 ui-monospace, monospace }
.wide { overflow-x: auto; margin: 12px 0 4px } svg { display: block; width: 100%; height: auto } svg.narrow { display: none }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { padding: 3px 12px 3px 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: bottom }
td { vertical-align: top }
@media (max-width: 640px) {
  svg.broad { display: none } svg.narrow { display: block } pre.drawn { font-size: 12px }
  table.many, table.many tbody { display: block; width: 100% } table.many tr:first-child { display: none }
  table.many tr { display: block; padding: 4px 0; border-bottom: 1px solid var(--line) }
  table.many td { display: flex; justify-content: space-between; gap: 16px; border: 0; padding: 1px 0; text-align: right }
  table.many td:empty { display: none } table.many td:first-child { font-weight: 600 }
  table.many td::before { content: attr(data-of); color: var(--soft); text-align: left }
}
.number { white-space: nowrap } .number { text-align: right }`;

/** @param title and @param about are for the head. @returns an HTML document. */
export function pageOf(title: string, about: string, items: readonly PageItem[]): string {
  const ranks = new Set(items.map(({ rank }) => rank)).size;
  let last = -1;
  const body = items.map(({ rank, shown }) => {
    const head = ranks > 1 && rank !== last ? `<p class="rank">rank ${rank}</p>` : "";
    last = rank;
    return head + itemOf(shown);
  });
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${escapeXml(title)}</title><style>${style}</style></head><body>`,
    `<h1>${escapeXml(title)}</h1><p class="about">${escapeXml(about)}</p>`,
    ...body,
    "</body></html>",
    "",
  ].join("\n");
}

function itemOf(shown: Shown): string {
  switch (shown.kind) {
    case "line":
      return `<pre${isDrawn(shown.text) ? ' class="drawn"' : ""}>${escapeXml(shown.text)}</pre>`;
    case "row":
      return tableOf([shown.row], "");
    case "status":
      return ""; // a page shows what is left at the end
    case "write":
      return `<pre>${escapeXml(shown.text)}</pre>`;
    case "table":
      return tableOf(shown.rows, shown.title);
    case "plot":
      return pictureOf(shown.title, (look) => seriesSvg(shown.series, shown.title, look));
    case "timeline": {
      const lanes = shown.lanes.filter(({ spans }) => spans.length > 0);
      if (lanes.length === 0) return `<h2>${escapeXml(shown.title)}</h2><p>Nothing was recorded.</p>`;
      const isLong = lanes.reduce((sum, { spans }) => sum + spans.length, 0) > MOST;
      return pictureOf(shown.title, (look) => timelineSvg(lanes, shown.title, look), isLong);
    }
  }
}

/** Characters beside each other beyond which a table becomes a list of rows on a narrow page. */
const MANY = 42;
/** Spans beyond which a timeline is drawn once, and not also for narrow pages. */
const MOST = 20_000;
/** Pixels that a picture on a narrow page has. */
const NARROW = 358;

/** A picture under its title, drawn for wide pages and for narrow ones. */
function pictureOf(title: string, draw: (look: Look) => string, isLong = false): string {
  const as = (name: string, look: Look): string =>
    draw({ ...look, titled: false }).replace("<svg ", `<svg class="${name}" `);
  const drawn = isLong ? as("", {}) : as("broad", {}) + as("narrow", { width: NARROW });
  return `${title ? `<h2>${escapeXml(title)}</h2>` : ""}<div class="wide">${drawn}</div>`;
}

/** Whether a line's characters have to stand below those of other lines. */
function isDrawn(text: string): boolean {
  return /^\s|\S {2,}\S|[\u2500-\u257f]/.test(text);
}

function tableOf(rows: readonly Row[], title: string): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const textOf = (value: Row[string]): string =>
    typeof value === "number" && !Number.isInteger(value) ? String(Number(value.toPrecision(6))) : String(value ?? "");
  const cell = (value: Row[string], name: string): string => {
    const kind = typeof value === "number" ? ' class="number"' : "";
    return `<td data-of="${escapeXml(name)}"${kind}>${escapeXml(textOf(value))}</td>`;
  };
  const widths = columns.map((name) => rows.reduce((most, row) => Math.max(most, textOf(row[name]).length), 4) + 2);
  const head = columns.map((name) => `<th>${escapeXml(name)}</th>`).join("");
  const lines = rows.map((row) => `<tr>${columns.map((name) => cell(row[name], name)).join("")}</tr>`);
  const many = widths.reduce((a, b) => a + b, 0) > MANY ? ' class="many"' : "";
  const table = `<div class="wide"><table${many}><tr>${head}</tr>${lines.join("")}</table></div>`;
  return title ? `<h2>${escapeXml(title)}</h2>${table}` : table;
}
