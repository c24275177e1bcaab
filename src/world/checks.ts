/** Checks of a call's arguments before anything is sent; each error names the rank and the call. */
import { type Contiguous, formatData, type Span, slice, spanOf } from "./operation.ts";

interface Group {
  readonly name: string;
  readonly rank: number;
  readonly size: number;
}

export class Checks {
  readonly #group: Group;
  readonly #worldRank: number;

  constructor(group: Group, worldRank: number) {
    this.#group = group;
    this.#worldRank = worldRank;
  }

  /** @throws RangeError unless `peer` is a rank of the group. */
  peer(call: string, peer: number): void {
    const { name, size } = this.#group;
    if (Number.isInteger(peer) && peer >= 0 && peer < size) {
      if ((call === "send" || call === "recv") && peer === this.#group.rank) {
        throw this.#error(call, `its own rank ${peer} as the other side. Copy the tensor instead.`);
      }
      return;
    }
    throw this.#error(call, `rank ${peer}, but ${name} has ranks 0 to ${size - 1}.`);
  }

  tag(call: string, tag: number): void {
    if (Number.isInteger(tag) && tag >= 0 && tag < 2 ** 31) return;
    throw this.#error(call, `tag ${tag}; a tag is a whole number from 0 to 2147483647.`);
  }

  color(color: number | undefined, key: number): void {
    const whole = (n: number) => Number.isInteger(n) && n >= 0 && n < 2 ** 31;
    if (color !== undefined && !whole(color))
      throw this.#error("split", `color ${color}; a color is a whole number from 0.`);
    if (!whole(key)) throw this.#error("split", `key ${key}; a key is a whole number from 0.`);
  }

  /** @throws TypeError unless the tensor's elements lie next to each other. */
  tensor(call: string, tensor: Contiguous): void {
    if (!tensor?.buffer) throw this.#error(call, "something that is not a tensor.");
    if (tensor.buffer.freed)
      throw this.#error(call, `${formatData(tensor)}, which was freed before. Free it after its last use.`);
    if (tensor.isContiguous) return;
    throw this.#error(
      call,
      `${formatData(tensor)}, a view whose elements are not next to each other. Call .contiguous() first.`,
    );
  }

  /**
   * The pieces of a tensor or list, one a rank.
   * @param mine the tensor that must fit this rank's piece.
   */
  pieces(call: string, whole: Contiguous | readonly Contiguous[], mine?: Contiguous): Span[] {
    const { size, rank } = this.#group;
    const spans = this.#cut(call, whole, size);
    if (mine && (spans[rank].count !== mine.size || spans[rank].dtype !== mine.dtype)) {
      const piece = `${spans[rank].dtype}[${spans[rank].count}]`;
      throw this.#error(call, `${formatData(mine)} for a piece of ${piece} (rank ${rank} of ${size}).`);
    }
    return spans;
  }

  /** The same at the root; elsewhere the argument must be missing. */
  rootPieces(
    call: string,
    whole: Contiguous | readonly Contiguous[] | undefined,
    root: number,
    mine: Contiguous,
  ): Span[] | undefined {
    if (this.#group.rank !== root) {
      if (whole === undefined) return undefined;
      throw this.#error(call, `pieces, but rank ${root} is the root; pass undefined elsewhere.`);
    }
    if (whole === undefined) throw this.#error(call, "no pieces, but it is the root.");
    return this.pieces(call, whole, mine);
  }

  /** allToAll: what a rank sends to itself. */
  ownPiece(output: Span, input: Span): void {
    if (output.count === input.count && output.dtype === input.dtype) return;
    const text = (span: Span) => `${span.dtype}[${span.count}]`;
    throw this.#error("allToAll", `output piece ${text(output)} for its own input piece ${text(input)}.`);
  }

  /** @throws TypeError for values that JSON cannot say. */
  json(call: string, value: unknown): string {
    const text = JSON.stringify(value);
    if (text === undefined) throw this.#error(call, `a value of type ${typeof value}; objects travel as JSON.`);
    return text;
  }

  #cut(call: string, whole: Contiguous | readonly Contiguous[], size: number): Span[] {
    if (Array.isArray(whole)) {
      const list = whole as readonly Contiguous[];
      if (list.length !== size) throw this.#error(call, `${list.length} pieces for ${size} ranks.`);
      for (const piece of list) this.tensor(call, piece);
      return list.map(spanOf);
    }
    const tensor = whole as Contiguous;
    this.tensor(call, tensor);
    if (tensor.size % size !== 0) {
      throw this.#error(
        call,
        `${formatData(tensor)}, whose ${tensor.size} elements cannot be cut into ${size} equal pieces. Pass a list of tensors.`,
      );
    }
    const each = tensor.size / size;
    return Array.from({ length: size }, (_, i) => slice(spanOf(tensor), i * each, (i + 1) * each));
  }

  #error(call: string, what: string): Error {
    return new RangeError(`rank ${this.#worldRank} called ${this.#group.name}.${call} with ${what}`);
  }
}
