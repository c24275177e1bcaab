/** What all SVG pictures share: escaping, colours for light and dark, the frame. */

/** How a picture is fitted in. */
export interface Look {
  /** Pixels; as wide as the picture likes if not given. */
  readonly width?: number;
  /** Whether its title is drawn in it; it is, if not given. */
  readonly titled?: boolean;
}

/** Text inside SVG. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c] as string);
}

/** Colours that stay readable on light and on dark pages; ranks and series take turns. */
const style = `
  text { font: 13px ui-sans-serif, system-ui, sans-serif; fill: var(--ink) }
  .mono { font-family: ui-monospace, monospace; font-size: 12px }
  .small { font-size: 11px; fill: var(--soft) }
  .title { font-weight: 600; font-size: 14px }
  svg { --ink: #1d2433; --soft: #667085; --line: #c9d0dc; --panel: #f4f6fa; --page: #ffffff; --bad: #c0362c;
        --c0: #2563c9; --c1: #b3470f; --c2: #0f7f5f; --c3: #8b3fb5; --c4: #94690a; --c5: #b02a5b; --c6: #4a5a70; --c7: #14808f }
  @media (prefers-color-scheme: dark) {
    svg { --ink: #e6eaf2; --soft: #9aa5b8; --line: #3a4456; --panel: #1a2130; --page: #10151f; --bad: #ff8a7a;
          --c0: #7fb0ff; --c1: #ffab75; --c2: #5fd3ac; --c3: #d5a0f5; --c4: #e8c25c; --c5: #ff94ba; --c6: #aab8cc; --c7: #63d3e0 }
  }`;

/** Colour of the i-th series or rank, as a CSS value. */
export function colour(i: number): string {
  return `var(--c${i % 8})`;
}

/** A whole picture. @param about what it shows, for readers who cannot see it. */
export function svgPicture(width: number, height: number, about: string, body: readonly string[]): string {
  const w = Math.ceil(width);
  const h = Math.ceil(height);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${w} ${h}" width="${w}" height="${h}" role="img">`,
    `<title>${escapeXml(about)}</title>`,
    `<style>${style}\n</style>`,
    `<rect width="${w}" height="${h}" rx="8" fill="var(--page)"/>`,
    ...body,
    "</svg>",
    "",
  ].join("\n");
}

/** A text element. */
export function svgText(x: number, y: number, text: string, attributes = ""): string {
  return `<text x="${round(x)}" y="${round(y)}"${attributes ? ` ${attributes}` : ""}>${escapeXml(text)}</text>`;
}

/** About how wide a text is, in pixels: wide enough for every common font. */
export function textWidth(text: string, size = 11): number {
  return text.length * size * 0.6;
}

/** Coordinates short enough to keep files small. */
export function round(value: number): number {
  return Math.round(value * 10) / 10;
}
