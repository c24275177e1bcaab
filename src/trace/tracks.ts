/**
 * Tracks for spans that may overlap: on each, two spans are apart or one lies within the other,
 * as pictures of call stacks demand. A span goes below the shortest open one that holds it, else on a free track.
 */

/** Something from `start` to `end`. */
export interface Timed {
  readonly start: number;
  readonly end: number;
}

/** A span's place: the number of its track, counted from 0. */
export interface Placed<T> {
  readonly span: T;
  readonly track: number;
}

/** A track, and the ends of the spans that are open on it, the innermost last. */
interface Track {
  readonly number: number;
  readonly ends: number[];
}

/** @returns the spans by their starts, of those that start together the longest first. */
export function placeOnTracks<T extends Timed>(spans: readonly T[]): Placed<T>[] {
  const sorted = spans.toSorted((a, b) => a.start - b.start || b.end - a.end);
  /** Tracks with open spans, by the end of the innermost; those before `first` are over. */
  let open: Track[] = [];
  let first = 0;
  /** Tracks without any, the lowest number last. */
  const free: Track[] = [];
  let count = 0;
  return sorted.map((span) => {
    for (; first < open.length && endOf(open[first]) <= span.start; first++) {
      const track = open[first];
      while (track.ends.length > 0 && endOf(track) <= span.start) track.ends.pop();
      if (track.ends.length > 0)
        open.splice(
          firstThat(open, first + 1, (other) => endOf(other) >= endOf(track)),
          0,
          track,
        );
      else
        free.splice(
          firstThat(free, 0, (other) => other.number < track.number),
          0,
          track,
        );
    }
    if (first > 1000 && first > open.length / 2) [open, first] = [open.slice(first), 0];
    const holding = open[firstThat(open, first, (track) => endOf(track) >= span.end)];
    const track = holding ?? free.pop() ?? { number: count++, ends: [] };
    track.ends.push(span.end);
    if (!holding) open.push(track); // none ends later; and one that holds the span stays where it is: those before end sooner
    return { span, track: track.number };
  });
}

const endOf = ({ ends }: Track): number => ends[ends.length - 1];

/** The place of the first track from `low` on that is so, as all after it are; the length where there is none. */
function firstThat(tracks: readonly Track[], low: number, is: (track: Track) => boolean): number {
  let high = tracks.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (is(tracks[middle])) high = middle;
    else low = middle + 1;
  }
  return low;
}
