/** What a program showed, as one page that needs nothing else: text, tables, curves and timelines in their order. */
import type { Row, Shown } from "../script/show.ts";
import { seriesSvg } from "./series-svg.ts";
import { escapeXml } from "./svg.ts";
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
.wide { overflow-x: auto; margin: 12px 0 4px } .wide svg { display: block; min-width: 640px; width: 100%; height: auto }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { padding: 3px 12px 3px 0; border-bottom: 1px solid var(--line); text-align: left; white-space: nowrap }
.number { text-align: right }`;

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
      return `<pre>${escapeXml(shown.text)}</pre>`;
    case "row":
      return tableOf([shown.row], "");
    case "table":
      return tableOf(shown.rows, shown.title);
    case "plot":
      return `<div class="wide">${seriesSvg(shown.series, shown.title)}</div>`;
    case "timeline": {
      const lanes = shown.lanes.filter(({ spans }) => spans.length > 0);
      if (lanes.length === 0) return `<h2>${escapeXml(shown.title)}</h2><p>Nothing was recorded.</p>`;
      return `<div class="wide">${timelineSvg(lanes, shown.title)}</div>`;
    }
  }
}

function tableOf(rows: readonly Row[], title: string): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const cell = (value: Row[string]): string => {
    const number = typeof value === "number";
    const text = number && !Number.isInteger(value) ? String(Number(value.toPrecision(6))) : String(value ?? "");
    return `<td${number ? ' class="number"' : ""}>${escapeXml(text)}</td>`;
  };
  const head = columns.map((name) => `<th>${escapeXml(name)}</th>`).join("");
  const lines = rows.map((row) => `<tr>${columns.map((name) => cell(row[name])).join("")}</tr>`);
  const table = `<div class="wide"><table><tr>${head}</tr>${lines.join("")}</table></div>`;
  return title ? `<h2>${escapeXml(title)}</h2>${table}` : table;
}
