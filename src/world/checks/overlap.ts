/**
 * Overlap inside one operation: an output in the memory of another output or of an input would be
 * overwritten while it is still needed. One place may be both, as in NCCL: a rank's own piece, which
 * nobody sends, is there already. Operations overlapping each other are what holds are for (work.ts).
 */
import { addressOfSpan, type Span, spanBytes } from "../core/span.ts";

/** One side of an operation: a tensor, or the pieces of a tensor or a list. */
export interface Side {
  readonly name: "output" | "input";
  readonly spans: readonly Span[];
  /** Whether the spans are tensors of their own, and not the pieces of one. */
  readonly isList: boolean;
  /** Which span is this rank's own piece. */
  readonly own: number;
}

interface Part {
  readonly side: Side;
  readonly index: number;
  readonly writes: boolean;
  readonly start: number;
  readonly end: number;
}

/**
 * What of an operation is in the same memory although it must not be, in words: `piece 1 of the
 * output (bytes 4 to 8 of its buffer) and the input (bytes 0 to 8 of its buffer)`.
 */
export function findOverlap(output: Side, input: Side): string | undefined {
  if (!output.isList && !meet(envelope(output), envelope(input))) return undefined; // nearly always
  const parts = [...partsOf(output, true), ...partsOf(input, false)];
  const isOwn = ({ side, index }: Part): boolean => side === input && index === input.own;
  const mine = parts.find(({ side, index }) => side === output && index === output.own);
  const others = parts.filter((part) => !(isOwn(part) && mine?.start === part.start && mine.end === part.end));
  others.sort((a, b) => a.start - b.start || a.end - b.end);
  let written: Part | undefined;
  let read: Part | undefined;
  for (const part of others) {
    const before = [written, part.writes ? read : undefined].find((each) => each && each.end > part.start);
    if (before) return `${describe(before)} and ${describe(part)}`;
    if (part.writes) written = part;
    else if (!read || part.end > read.end) read = part;
  }
  return undefined;
}

function partsOf(side: Side, writes: boolean): Part[] {
  const parts: Part[] = [];
  for (const [index, span] of side.spans.entries()) {
    if (span.count > 0) parts.push({ side, index, writes, ...place(span) });
  }
  return parts;
}

interface Place {
  readonly start: number;
  readonly end: number;
}

function place(span: Span): Place {
  const start = addressOfSpan(span);
  return { start, end: start + spanBytes(span) };
}

function envelope({ spans, isList }: Side): Place {
  if (!isList) return { start: place(spans[0]).start, end: place(spans[spans.length - 1]).end };
  let start = Infinity;
  let end = -Infinity;
  for (const span of spans) {
    if (span.count === 0) continue;
    const each = place(span);
    start = Math.min(start, each.start);
    end = Math.max(end, each.end);
  }
  return { start, end };
}

function meet(a: Place, b: Place): boolean {
  return a.start < b.end && b.start < a.end;
}

function describe({ side, index }: Part): string {
  const span = side.spans[index];
  const which = side.spans.length > 1 ? `piece ${index} of the ${side.name}` : `the ${side.name}`;
  return `${which} (bytes ${span.offset} to ${span.offset + spanBytes(span)} of its buffer)`;
}
