/** The streams of a device, and which of them launches go to. */
import type { Stream } from "./stream.ts";

/** Makes the streams of a device. */
export type StreamMaker = (number: number) => Stream;

/** The part of a device that keeps its streams. */
export abstract class DeviceStreams {
  /** What `stream` gives, at hand for every launch. */
  protected current: Stream;
  readonly #makeStream: StreamMaker;
  readonly #streams: Stream[] = [];

  constructor(makeStream: StreamMaker) {
    this.#makeStream = makeStream;
    this.current = this.newStream();
  }

  /** The stream that launches go to. */
  get stream(): Stream {
    return this.current;
  }

  /** All streams of the device, the first one first. */
  get streams(): readonly Stream[] {
    return this.#streams;
  }

  /** Whether a host waits for any of them. */
  get blocking(): boolean {
    return this.#streams.some(({ blocking }) => blocking);
  }

  /** A further stream, whose commands are in no order with those of others except by events. */
  newStream(): Stream {
    const stream = this.#makeStream(this.#streams.length);
    this.#streams.push(stream);
    return stream;
  }

  /** Runs a synchronous function with another stream as the current one, as torch.cuda.stream does. */
  withStream<T>(stream: Stream, body: () => T): T {
    const before = this.current;
    this.current = stream;
    try {
      return body();
    } finally {
      this.current = before;
    }
  }
}
