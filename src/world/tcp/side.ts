/** What the two sides of a wire between ranks have alike: frames come and go, and the wire may be missing. */
import type { Wire } from "../../platform/wire.ts";
import { type Frame, FrameReader, FrameWriter, type Sink } from "./frames.ts";

/** One side of an ordered pair of ranks. */
export abstract class Side {
  protected readonly reader = new FrameReader((frame) => this.take(frame));
  protected readonly writer = new FrameWriter();
  #wire: Wire | undefined;

  /** Whether something here waits for the peer or for the wire. */
  abstract readonly busy: boolean;

  /** Takes the head of a frame, and gives the sink of its payload if it has one. */
  protected abstract take(frame: Frame): Sink | undefined;

  /** Reads what has come, if anything is expected. @returns whether anything had. */
  protected abstract read(wire: Wire): boolean;

  /** Its wire is there, or is lost. */
  open(wire: Wire | undefined): void {
    this.#wire = wire;
  }

  /** Why its wire is broken, if it is. */
  get broken(): string | undefined {
    return this.#wire?.broken;
  }

  /** Calls back when there is something to read. */
  watch(wake: () => void): void {
    this.#wire?.watch(wake);
  }

  /** Writes and reads what the wire takes and has. @returns whether that was anything. */
  progress(): boolean {
    const wire = this.#wire;
    if (!wire) return false;
    const wrote = this.writer.pending && this.writer.write(wire);
    return this.read(wire) || wrote;
  }

  /** Lets others write what the wire does not take now. */
  handOver(): void {
    if (this.#wire && this.writer.pending) this.writer.handOver(this.#wire);
  }

  /** Writes what the wire takes now. */
  protected flush(): void {
    if (this.#wire) this.writer.write(this.#wire);
  }
}
