/**
 * Spans of one rank: what its host, its device and its communication did, and when.
 * A Tracer costs nothing when it is not there; everything that records takes an optional one.
 */

/** Which row of a rank's timeline a span belongs to. */
export type Lane = "host" | "device" | "comm";

/** Something that took time on a rank. */
export interface Span {
  readonly lane: Lane;
  readonly name: string;
  /** Milliseconds on the clock that all ranks of the job share. */
  readonly start: number;
  readonly end: number;
  /** Numbers and words to show with the span. */
  readonly args?: Readonly<Record<string, string | number>>;
}

export class Tracer {
  readonly spans: Span[] = [];
  readonly #clock: () => number;
  readonly #limit: number;
  #dropped = 0;

  /**
   * @param clock milliseconds, the same for all ranks.
   * @param limit spans kept; later ones are counted and dropped.
   */
  constructor(clock: () => number, limit = 200_000) {
    this.#clock = clock;
    this.#limit = limit;
  }

  now(): number {
    return this.#clock();
  }

  /** Spans that did not fit. */
  get dropped(): number {
    return this.#dropped;
  }

  add(lane: Lane, name: string, start: number, end: number, args?: Span["args"]): void {
    if (this.spans.length < this.#limit) this.spans.push({ lane, name, start, end, args });
    else this.#dropped++;
  }

  /** Records how long `body` takes on the host, also when it throws. */
  async span<T>(name: string, body: () => T | Promise<T>): Promise<T> {
    const start = this.now();
    try {
      return await body();
    } finally {
      this.add("host", name, start, this.now());
    }
  }
}
