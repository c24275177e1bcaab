/**
 * Ring attention (Liu, Zaharia and Abbeel, 2023): each rank keeps the queries of its own tokens, while keys and values go
 * round the ring of a group. What queries find in one block of keys is joined to what they found before, by the rule with
 * which a softmax is computed piece by piece: the largest exponent so far, and a sum relative to it.
 *
 * Backward goes round once more. The logarithm of the whole sum is known by then, so each block's gradients are exact and
 * only have to be added: those of keys and values travel with their block, and come home at the end.
 */
import { customOperation } from "../../autograd/index.ts";
import type { KeyValueCache, Sequences } from "../../nn/index.ts";
import { functional as F, type Tensor, type TensorDevice } from "../../tensor/index.ts";
import type { ProcessGroup } from "../../world/index.ts";
import { type ContextCut, type Tile, tilesOf } from "./context.ts";
import { around, passOn } from "./ring.ts";

/** What queries found among some keys: o [tokens, heads, dim], and lse [heads, tokens]. */
type Found = Readonly<Record<"o" | "lse", Tensor>>;

/** A tile, and where its boundaries begin in the table of them. */
interface PlacedTile extends Tile {
  readonly at: number;
}

/**
 * Attention over tokens that `cutContext` has cut, in place of a cache: `model.call(batch, ring)`. All ranks of the group
 * call it alike. It is made once for a batch; its tensor belongs to the open scope, as those of the batch do.
 */
export class RingAttention implements KeyValueCache {
  readonly #group: ProcessGroup;
  readonly #cut: ContextCut;
  /** By step of the ring: what this rank's queries see of the block that is there then. */
  readonly #steps: readonly (readonly PlacedTile[])[];
  /** i32: for each tile [0, queries, 0, keys]. */
  readonly #table: Tensor;

  constructor(device: TensorDevice, group: ProcessGroup, cut: ContextCut) {
    this.#group = group;
    this.#cut = cut;
    const boundaries: number[] = [];
    const { rank, size } = group;
    this.#steps = Array.from({ length: size }, (_, step) =>
      tilesOf(cut, group, (rank + size - step) % size).map(({ q, k }) => {
        const at = boundaries.length;
        boundaries.push(0, q[1] - q[0], 0, k[1] - k[0]);
        return { q, k, at };
      }),
    );
    this.#table = device.from(boundaries, [boundaries.length], "i32");
  }

  /** Frees what it has on the device, where no scope does. */
  dispose(): void {
    this.#table.dispose();
  }

  /**
   * @param q f32 [own tokens, heads, dim]. @param k f32 [own tokens, kvHeads, dim], and v like it.
   * @param sequences the starts of the cut. @returns like q.
   * @throws RangeError for another number of tokens than it was made for.
   */
  attend(_layer: number, q: Tensor, k: Tensor, v: Tensor, { starts }: Sequences): Tensor {
    checkTokens("RingAttention", this.#cut, q);
    let lse: Tensor | undefined;
    return customOperation({
      name: "ring attention",
      inputs: [q, k, v],
      forward: () => {
        const found = this.#forward(q, k, v, starts);
        lse = found.lse;
        return found.o;
      },
      save: (o) => [q, k, v, o, lse as Tensor, starts, this.#table],
      backward: ({ dy, saved }) => {
        const [sq, sk, sv, o, sums, own, table] = [0, 1, 2, 3, 4, 5, 6].map(saved);
        return this.#backward({ q: sq, k: sk, v: sv, o, lse: sums, dout: dy.contiguous(), starts: own, table });
      },
    });
  }

  #forward(q: Tensor, k: Tensor, v: Tensor, starts: Tensor): Found {
    const device = q.device as TensorDevice;
    return device.scope(() => {
      let step = 0;
      let found: Found | undefined;
      for (const block of around(joined(k, v), this.#group)) {
        found ??= F.attention({ q, k, v, qStarts: starts, kStarts: starts }); // each chunk within itself
        const { o, lse } = found;
        device.scope(() => {
          for (const tile of this.#steps[step]) {
            const part = F.attention({ ...this.#args(tile, q, block, this.#table), causal: false });
            join({ o: o.slice(0, ...tile.q), lse: lse.slice(1, ...tile.q) }, part);
          }
          return undefined;
        });
        step++;
      }
      return found as Found;
    });
  }

  #backward(args: Readonly<Record<"q" | "k" | "v" | "o" | "lse" | "dout" | "starts" | "table", Tensor>>): Tensor[] {
    const { q, k, v, o, lse, dout, starts, table } = args;
    const device = q.device as TensorDevice;
    return device.scope(() => {
      const own = F.attentionBackward({ q, k, v, o, lse, dout, qStarts: starts, kStarts: starts });
      let sums = joined(own.dk, own.dv);
      let arrived: (() => Tensor) | undefined;
      let step = 0;
      for (const block of around(joined(k, v), this.#group)) {
        if (step > 0) sums = device.zeros(block.shape);
        device.scope(() => {
          for (const tile of this.#steps[step]) {
            const part = F.attentionBackward({
              ...this.#args(tile, q, block, table),
              o: o.slice(0, ...tile.q),
              lse: lse.slice(1, ...tile.q).contiguous(),
              dout: dout.slice(0, ...tile.q),
              causal: false,
            });
            own.dq.slice(0, ...tile.q).add_(part.dq);
            for (const [i, gradient] of [part.dk, part.dv].entries())
              sums
                .select(0, i)
                .slice(0, ...tile.k)
                .add_(gradient);
          }
          return undefined;
        });
        // Here are the sums of the ranks that the block has been to.
        if (arrived) sums.add_(arrived());
        arrived = this.#group.size > 1 ? passOn(sums, this.#group) : undefined;
        step++;
      }
      const home = arrived ? arrived() : sums;
      return [own.dq, home.select(0, 0), home.select(0, 1)];
    });
  }

  /** What a tile's attention is called with. */
  #args({ q: rows, k: columns, at }: PlacedTile, q: Tensor, block: Tensor, table: Tensor): F.Attention {
    return {
      q: q.slice(0, ...rows),
      k: block.select(0, 0).slice(0, ...columns),
      v: block.select(0, 1).slice(0, ...columns),
      qStarts: table.slice(0, at, at + 2),
      kStarts: table.slice(0, at + 2, at + 4),
    };
  }
}

/** Keys and values as one tensor, [2, tokens, kvHeads, dim]: one message for both. */
export function joined(k: Tensor, v: Tensor): Tensor {
  const both = (k.device as TensorDevice).empty([2, ...k.shape], k.dtype);
  for (const [i, each] of [k, v].entries()) both.select(0, i).copy_(each);
  return both;
}

/**
 * Joins, in place, what the same queries have found among other keys: lse = log(eᵃ + eᵇ), and o is what both found,
 * weighted by their parts of that sum. Each query of `all` has seen a key, itself, so a is finite; b may be -Infinity.
 */
export function join(all: Found, part: Found): void {
  const [a, b] = [all.lse.contiguous(), part.lse];
  const top = a.maximum(b);
  const [ofA, ofB] = [a, b].map((each) => each.sub(top).exp());
  const total = ofA.add(ofB);
  const share = (each: Tensor): Tensor => each.div(total).transpose(0, 1).unsqueeze(-1); // [tokens, heads, 1]
  all.o.mul_(share(ofA)).add_(part.o.mul(share(ofB)));
  F.place_({ source: total.log().add(top), target: all.lse });
}

/** @throws RangeError unless there are as many tokens as a cut has. */
export function checkTokens(name: string, { rows }: ContextCut, q: Tensor): void {
  if (q.shape[0] === rows.length) return;
  throw new RangeError(
    `${name} was made for a cut of ${rows.length} tokens, but got q of ${q.shape[0]}: ${q}. Make one for each batch.`,
  );
}
