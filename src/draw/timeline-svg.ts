/** What happened when, as an SVG picture: a row for each lane, a bar for each span. */
import type { TimelineLane } from "../script/show.ts";
import { extent } from "../trace/extent.ts";
import { colour, escapeXml, type Look, round, svgPicture, svgText, textWidth } from "./svg.ts";

const WIDE = 860;
/** Between lanes; height of a lane of one track, and of each where there are more. */
const GAP = 8;
const ALONE = 18;
const TRACK = 11;

type Span = TimelineLane["spans"][number];

/**
 * @param look width in pixels, and whether the title is drawn, too.
 * @returns the text of an SVG file. Times are counted from the first span, in milliseconds.
 */
export function timelineSvg(lanes: readonly TimelineLane[], title: string, look: Look = {}): string {
  const { width: WIDTH = WIDE, titled = true } = look;
  const TOP = titled ? 44 : 14;
  const spans = lanes.flatMap((lane) => lane.spans);
  const [start, end] = extent(spans.flatMap((span) => [span.start, span.end])) ?? [0, 0];
  const length = Math.max(1e-3, end - start);
  const names = [...new Set(spans.map(({ name }) => name))];
  const left = 24 + Math.max(0, ...lanes.map(({ name }) => textWidth(name, 13)));
  const scale = (WIDTH - left - 24) / length;
  const x = (time: number): number => round(left + (time - start) * scale);
  const bars: string[] = [];
  let top = TOP;
  for (const lane of lanes) {
    const tracks = tracksOf(lane.spans);
    const step = tracks.length > 1 ? TRACK : ALONE;
    bars.push(svgText(left - 8, top + (step * tracks.length) / 2 + 4, lane.name, 'text-anchor="end"'));
    for (const [i, track] of tracks.entries()) {
      for (const span of track) {
        const width = Math.max(1, round(x(span.end) - x(span.start)));
        const edge = width > 3 ? ' stroke="var(--page)" stroke-width=".6"' : "";
        const place = `x="${x(span.start)}" y="${top + i * step}" width="${width}" height="${step - (i < tracks.length - 1 ? 1 : 0)}"`;
        const what = escapeXml(`${span.name}: ${(span.end - span.start).toFixed(3)} ms`);
        const fill = colour(names.indexOf(span.name));
        bars.push(`<rect ${place} rx="2" fill="${fill}"${edge}><title>${what}</title></rect>`);
      }
    }
    top += step * tracks.length + GAP;
  }
  const body = titled ? [svgText(16, 26, title, 'class="title"')] : [];
  for (let tick = 0, step = stepOf(length, WIDTH < WIDE ? 2 : 4); tick <= length; tick += step) {
    const at = x(start + tick);
    body.push(`<path d="M${at} ${TOP - 4}V${top}" stroke="var(--line)" stroke-width=".7"/>`);
    body.push(svgText(at, top + 14, `${round(tick * 1e3) / 1e3} ms`, 'class="small" text-anchor="middle"'));
  }
  for (const bar of bars) body.push(bar);
  let at = left;
  let line = top + 38;
  for (const [i, name] of names.entries()) {
    const width = textWidth(name, 13) + 40;
    if (at + width > WIDTH) {
      at = left;
      line += 20;
    }
    body.push(`<rect x="${round(at)}" y="${line - 10}" width="12" height="12" rx="2" fill="${colour(i)}"/>`);
    body.push(svgText(at + 17, line, name));
    at += width;
  }
  return svgPicture(WIDTH, line + 16, title || "A timeline", body);
}

/** Spans in as few rows as they need to stand clear of each other; longer ones above those within them. */
function tracksOf(spans: readonly Span[]): Span[][] {
  const tracks: Span[][] = [];
  for (const span of [...spans].sort((a, b) => a.start - b.start || b.end - a.end)) {
    const free = tracks.find((track) => (track.at(-1) as Span).end <= span.start);
    if (free) free.push(span);
    else tracks.push([span]);
  }
  return tracks;
}

/** A round step that gives some more ticks than so many. */
function stepOf(length: number, ticks: number): number {
  const rough = 10 ** Math.floor(Math.log10(length / ticks));
  return [5, 2].map((times) => times * rough).find((step) => length / step >= ticks) ?? rough;
}
