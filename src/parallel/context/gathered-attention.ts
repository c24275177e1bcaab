/**
 * Attention over cut tokens the plain way: every rank gathers the keys and values of all, and its queries attend to them.
 * That is what Llama 3 was trained with. Each rank has memory for all keys, and nothing overlaps; ring attention is held
 * against it.
 */
import { customOperation } from "../../autograd/index.ts";
import type { KeyValueCache } from "../../nn/index.ts";
import { functional as F, type Tensor, type TensorDevice } from "../../tensor/index.ts";
import type { ProcessGroup } from "../../world/index.ts";
import { type ContextCut, chunksOf } from "./context.ts";
import { checkTokens, joined } from "./ring-attention.ts";

/** Queries of one chunk, and the keys from where its first sequence begins: boundaries of both, as attention takes them. */
interface Part {
  /** Tokens of the rank, [from, to). */
  readonly rows: readonly [from: number, to: number];
  readonly qStarts: Tensor;
  readonly kStarts: Tensor;
}

/** The same as `RingAttention`, by an allGather forward and a reduceScatter backward. */
export class GatheredAttention implements KeyValueCache {
  readonly #group: ProcessGroup;
  readonly #cut: ContextCut;
  readonly #parts: readonly Part[];

  constructor(device: TensorDevice, group: ProcessGroup, cut: ContextCut) {
    this.#group = group;
    this.#cut = cut;
    const { chunk, sequences } = cut;
    const i32 = (values: readonly number[]): Tensor => device.from(values, [values.length], "i32");
    this.#parts = chunksOf(group).map((place, half) => {
      const [begin, end] = [place * chunk, (place + 1) * chunk];
      const inside = [...sequences].filter((at) => at > begin && at < end);
      // With a causal mask queries are counted from the end of their keys, so these end where the chunk does.
      const first = sequences[sequences.findLastIndex((at) => at <= begin)];
      return {
        rows: [half * chunk, (half + 1) * chunk],
        qStarts: i32([begin, ...inside, end].map((at) => at - begin)),
        kStarts: i32([first, ...inside, end]),
      };
    });
  }

  /** Frees what it has on the device, where no scope does. */
  dispose(): void {
    for (const { qStarts, kStarts } of this.#parts) for (const each of [qStarts, kStarts]) each.dispose();
  }

  /** As RingAttention's. */
  attend(_layer: number, q: Tensor, k: Tensor, v: Tensor): Tensor {
    checkTokens("GatheredAttention", this.#cut, q);
    const device = q.device as TensorDevice;
    let lse: Tensor[] = [];
    return customOperation({
      name: "gathered attention",
      inputs: [q, k, v],
      forward: () => {
        const [o, ...sums] = device.scope(() => {
          const [keys, values] = this.#gather(k, v);
          const whole = device.empty(q.shape);
          const found = this.#parts.map(({ rows, qStarts, kStarts }) => {
            const part = F.attention({ q: q.slice(0, ...rows), k: keys, v: values, qStarts, kStarts });
            whole.slice(0, ...rows).copy_(part.o);
            return part.lse;
          });
          return [whole, ...found];
        });
        lse = sums;
        return o;
      },
      save: (o) => [q, k, v, o, ...lse],
      backward: ({ dy, saved }) =>
        device.scope(() => {
          const [queries, sk, sv, o, ...sums] = [0, 1, 2, 3, 4, 5].map(saved);
          const [keys, values] = this.#gather(sk, sv); // again: to keep them would cost what cutting has saved
          const dout = dy.contiguous();
          const dq = device.empty(q.shape);
          const total = device.zeros([2, ...keys.shape]);
          for (const [half, { rows, qStarts, kStarts }] of this.#parts.entries()) {
            const own = { q: queries.slice(0, ...rows), o: o.slice(0, ...rows), dout: dout.slice(0, ...rows) };
            const part = F.attentionBackward({ ...own, k: keys, v: values, lse: sums[half], qStarts, kStarts });
            dq.slice(0, ...rows).copy_(part.dq);
            total.add_(joined(part.dk, part.dv));
          }
          const both = this.#scatter(total);
          return [dq, both.select(0, 0), both.select(0, 1)];
        }),
    });
  }

  /** Keys and values of all tokens, in the order of the stream. */
  #gather(k: Tensor, v: Tensor): [Tensor, Tensor] {
    const device = k.device as TensorDevice;
    const own = joined(k, v);
    const all = device.empty([this.#group.size, ...own.shape]);
    this.#group.allGather(all, own).wait();
    const { chunk } = this.#cut;
    const whole = device.empty([2, this.#group.size * k.shape[0], ...k.shape.slice(1)]);
    for (let rank = 0; rank < this.#group.size; rank++) {
      for (const [half, place] of chunksOf({ rank, size: this.#group.size }).entries()) {
        const source = all
          .select(0, rank)
          .slice(1, half * chunk, (half + 1) * chunk)
          .contiguous();
        F.place_({ source, target: whole.slice(1, place * chunk, (place + 1) * chunk) });
      }
    }
    return [whole.select(0, 0), whole.select(0, 1)];
  }

  /** The sum over all ranks, of which each gets its own two chunks: the reverse. */
  #scatter(whole: Tensor): Tensor {
    const device = whole.device as TensorDevice;
    const { chunk } = this.#cut;
    const { size } = this.#group;
    const shape = [2, 2 * chunk, ...whole.shape.slice(2)];
    const all = device.empty([size, ...shape]);
    for (let rank = 0; rank < size; rank++) {
      for (const [half, place] of chunksOf({ rank, size }).entries()) {
        const source = whole.slice(1, place * chunk, (place + 1) * chunk).contiguous();
        F.place_({ source, target: all.select(0, rank).slice(1, half * chunk, (half + 1) * chunk) });
      }
    }
    const own = device.empty(shape);
    this.#group.reduceScatter(own, all).wait();
    return own;
  }
}
