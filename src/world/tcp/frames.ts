/**
 * What ranks of separate processes say to each other. Bytes move only once a receive has
 * been posted: the receiver says READY with all that must match, and the sender answers
 * with DATA straight from its tensor. Nothing arrives unasked, so nothing has to be put
 * somewhere first, and a send completes only when its receive is there to take the bytes.
 *
 * A frame's head is eight words in the byte order of the machine (all that run WebAssembly
 * at speed are little-endian; a foreign order would fail the check of the first word).
 */
import type { Wire } from "../../platform/wire.ts";

export const READY = 0x57530001;
export const DATA = 0x57530002;
/** Bytes of a frame's head. */
export const HEAD = 32;

export interface Frame {
  readonly type: number;
  readonly group: number;
  readonly channel: number;
  readonly tag: number;
  readonly hash: number;
  /** Bytes of the message. */
  readonly bytes: number;
  /** Receiver's number for its receive. */
  readonly id: number;
  /** Frames before this one in its direction: a break in the count is a broken stream. */
  readonly count: number;
}

/** @param room for a payload behind the head. */
export function encodeFrame(frame: Frame, room = 0): Uint8Array {
  const bytes = new Uint8Array(HEAD + room);
  const { type, group, channel, tag, hash, id, count } = frame;
  new Int32Array(bytes.buffer, 0, 8).set([type, group, channel, tag, hash, frame.bytes, id, count]);
  return bytes;
}

const scratch = new Uint8Array(HEAD);
const words = new Int32Array(scratch.buffer);

function decodeFrame(bytes: Uint8Array): Frame {
  scratch.set(bytes);
  const [type, group, channel, tag, hash, length, id, count] = words;
  return { type, group, channel, tag, hash, bytes: length >>> 0, id, count };
}

/** Where the payload of a frame goes. */
export interface Sink {
  /** Where the next bytes go; empty when all have come. */
  room(): Uint8Array;
  /** `bytes` have been put into the room. */
  filled(count: number): void;
}

const BUFFER = 16 * 1024;

/** Reads frames off a wire; payloads go straight to their sinks, unless they came along with a head. */
export class FrameReader {
  readonly #onFrame: (frame: Frame) => Sink | undefined;
  readonly #buffer = new Uint8Array(BUFFER);
  #from = 0;
  #to = 0;
  #sink: Sink | undefined;
  #count = 0;

  /** @param onFrame takes a head, and gives the sink of its payload if it has one. */
  constructor(onFrame: (frame: Frame) => Sink | undefined) {
    this.#onFrame = onFrame;
  }

  /** Whether the stream stands in the middle of a frame. */
  get inside(): boolean {
    return this.#sink !== undefined || this.#to > this.#from;
  }

  /** Reads what is there. @returns whether anything was. @throws Error when the bytes make no sense. */
  read(wire: Wire): boolean {
    let moved = false;
    for (;;) {
      this.#digest();
      const room = this.#sink?.room();
      const direct = room !== undefined && room.length >= BUFFER / 4;
      const target = direct ? room : this.#space();
      const count = wire.read(target);
      if (count === 0) return moved;
      moved = true;
      if (direct) this.#sink?.filled(count);
      else this.#to += count;
      if (count < target.length) {
        this.#digest(); // the socket is empty: a further read would only say so
        return true;
      }
    }
  }

  /** Hands on whatever lies in the buffer. */
  #digest(): void {
    for (;;) {
      const room = this.#sink?.room();
      if (room && room.length === 0) this.#sink = undefined;
      else if (this.#from === this.#to) return;
      else if (room) {
        const part = this.#buffer.subarray(this.#from, Math.min(this.#to, this.#from + room.length));
        room.set(part);
        this.#from += part.length;
        this.#sink?.filled(part.length);
      } else if (this.#to - this.#from >= HEAD) this.#head();
      else return;
    }
  }

  #head(): void {
    const frame = decodeFrame(this.#buffer.subarray(this.#from, this.#from + HEAD));
    this.#from += HEAD;
    if ((frame.type !== READY && frame.type !== DATA) || frame.count !== this.#count) {
      throw new Error(`the stream is damaged: frame ${this.#count} begins with ${frame.type}, numbered ${frame.count}`);
    }
    this.#count = (this.#count + 1) | 0;
    this.#sink = this.#onFrame(frame);
  }

  /** Room in the buffer, with what is left of a head moved to its start. */
  #space(): Uint8Array {
    if (this.#from > 0) {
      this.#buffer.copyWithin(0, this.#from, this.#to);
      this.#to -= this.#from;
      this.#from = 0;
    }
    return this.#buffer.subarray(this.#to);
  }
}

interface Piece {
  readonly bytes: Uint8Array;
  readonly written: (() => void) | undefined;
  from: number;
}

/** Writes frames to a wire, as far as it takes them. */
export class FrameWriter {
  readonly #pieces: Piece[] = [];
  #count = 0;
  #inBackground = false;

  /** The number of the next frame. */
  nextCount(): number {
    const count = this.#count;
    this.#count = (count + 1) | 0;
    return count;
  }

  /** Whether something waits to be written. */
  get pending(): boolean {
    return this.#pieces.length > 0;
  }

  /** @param written is called once the wire has all of it; the bytes must stay as they are until then. */
  push(bytes: Uint8Array, written?: () => void): void {
    this.#pieces.push({ bytes, written, from: 0 });
  }

  /** Writes what the wire takes now. @returns whether it took anything. */
  write(wire: Wire): boolean {
    let moved = false;
    while (this.#pieces.length > 0 && !this.#inBackground) {
      const piece = this.#pieces[0];
      const rest = piece.from === 0 ? piece.bytes : piece.bytes.subarray(piece.from);
      const count = rest.length === 0 ? 0 : wire.write(rest);
      piece.from += count;
      if (count > 0) moved = true;
      if (piece.from < piece.bytes.length) return moved;
      this.#pieces.shift();
      piece.written?.();
    }
    return moved;
  }

  /** This thread goes to sleep: the rest of the first piece is written in the background. */
  handOver(wire: Wire): void {
    if (this.#inBackground || this.#pieces.length === 0) return;
    const [piece] = this.#pieces;
    this.#inBackground = true;
    wire.finish(piece.bytes.subarray(piece.from), () => {
      this.#inBackground = false;
      this.#pieces.shift();
      piece.written?.();
    });
  }
}
