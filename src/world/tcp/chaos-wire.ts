/** A wire that cuts and delays what passes at random, as the worst of networks would, from a seed. */
import { mulberry32 } from "../../platform/random.ts";
import type { Wire } from "../../platform/wire.ts";

export class ChaosWire implements Wire {
  readonly #wire: Wire;
  readonly #random: () => number;
  #wake: () => void = () => {};
  #deaf = 0;
  #alarm: ReturnType<typeof setTimeout> | undefined;

  constructor(wire: Wire, seed: number) {
    this.#wire = wire;
    this.#random = mulberry32(seed);
  }

  get broken(): string | undefined {
    return this.#wire.broken;
  }

  read(target: Uint8Array): number {
    if (!this.#pass()) return 0;
    const part = this.#cut(target);
    const count = this.#wire.read(part);
    if (count > 0 && count === part.length) this.#wakeIn(0); // there may be more
    return count;
  }

  write(source: Uint8Array): number {
    return this.#pass() ? this.#wire.write(this.#cut(source)) : 0;
  }

  finish(source: Uint8Array, done: () => void): void {
    this.#wire.finish(source, done);
  }

  watch(wake: () => void): void {
    this.#wake = wake;
    this.#wire.watch(wake);
  }

  /** Now and then nothing passes for a moment. */
  #pass(): boolean {
    if (this.#deaf > performance.now()) return false;
    if (this.#random() > 0.05) return true;
    const pause = this.#random() * 2;
    this.#deaf = performance.now() + pause;
    this.#wakeIn(pause + 1);
    return false;
  }

  /** One alarm at a time: each wakes all wires, and would set further ones. */
  #wakeIn(milliseconds: number): void {
    this.#alarm ??= setTimeout(() => {
      this.#alarm = undefined;
      const left = this.#deaf - performance.now();
      if (left > 0) this.#wakeIn(left + 1);
      else this.#wake();
    }, milliseconds);
  }

  /** Often only a few bytes, sometimes within a head or an element. */
  #cut(bytes: Uint8Array): Uint8Array {
    const kind = this.#random();
    if (kind < 0.3) return bytes.subarray(0, 1 + Math.floor(this.#random() * 40));
    if (kind < 0.6) return bytes.subarray(0, 1 + Math.floor(this.#random() * 5000));
    return bytes;
  }
}
