/**
 * Experts on several ranks: rows go to the ranks that have their experts, are computed there, and come back (GShard, Lepikhin et
 * al., 2020). Nobody waits for a host to learn how many rows there are: numbers stay on the device, and what is received has
 * room for the worst case, all rows of all ranks.
 */
import { customOperation } from "../../autograd/index.ts";
import { type Experts, rowsPerExpert } from "../../nn/index.ts";
import { functional as F, type Tensor, type TensorDevice } from "../../tensor/index.ts";
import type { ProcessGroup } from "../../world/index.ts";

/** Rows on their way to experts of other ranks, and back. */
export class ExpertExchange {
  readonly #group: ProcessGroup;
  #room: number | undefined;

  /** @param group of ranks that have experts each, in their order. */
  constructor(group: ProcessGroup) {
    this.#group = group;
  }

  /** Rows that a rank has room for: of all ranks of the group together. As many from each as this one has, if nobody says. */
  get room(): number | undefined {
    return this.#room;
  }

  /** @param rows the most that can come, on all ranks and in all micro-batches to come. */
  makeRoom(rows: number): void {
    this.#room = rows;
  }

  /**
   * Computes rows where their experts are; all ranks of the group call it alike, also those without rows.
   * @param experts computes those of this rank. @param rows [rows, width], sorted by expert.
   * @param starts i32 [all experts + 1]: where each one's begin, and the end of the last; rows behind it are nobody's.
   * @returns [rows, width] in the order of `rows`; zeros for rows that are nobody's.
   * @throws RangeError for experts that the ranks do not divide. Rows without room end the job, with their numbers.
   */
  compute(experts: Experts, rows: Tensor, starts: Tensor): Tensor {
    const { size } = this.#group;
    const device = rows.device as TensorDevice;
    const all = starts.size - 1;
    if (all % size !== 0) throw new RangeError(`${all} experts cannot be shared out among ${size} ranks.`);
    const room = this.#room ?? size * rows.shape[0];
    const { counts, sent } = device.noGrad(() => countsFor(starts, size));
    const coming = device.empty([size, all / size], "i32");
    this.#group.allToAll(coming, counts).wait();
    const runs = F.sortRuns({ counts: coming, room });
    const received = device.noGrad(() => coming.to("f32").sum(1).to("i32"));
    const arrived = this.#send(rows, sent, received, room);
    const sorted = F.embedding({ table: arrived, index: runs.order });
    const results = F.embedding({ table: experts(sorted, runs.starts), index: runs.place });
    return this.#send(results, received, sent, rows.shape[0]);
  }

  /** Rows by an allToAll, whose gradient goes the other way. @param length rows of the result; those that do not come are zeros. */
  #send(rows: Tensor, sent: Tensor, received: Tensor, length: number): Tensor {
    const group = this.#group;
    const device = rows.device as TensorDevice;
    const [from, width] = rows.shape;
    const move = (x: Tensor, out: Tensor, back: Tensor, to: number): Tensor => {
      const moved = device.zeros([to, width]);
      group.allToAllRows(moved, x.contiguous(), out, back.clone()).wait();
      return moved;
    };
    return customOperation({
      name: "allToAllRows",
      inputs: [rows],
      forward: () => move(rows, sent, received, length),
      save: () => [sent, received],
      backward: ({ dy, saved }) => [move(dy, saved(1), saved(0), from)],
    });
  }
}

/** Rows for each expert, i32 [ranks, experts of a rank], and for each rank, i32 [ranks]. */
function countsFor(starts: Tensor, ranks: number): { counts: Tensor; sent: Tensor } {
  const counts = rowsPerExpert(starts).reshape([ranks, (starts.size - 1) / ranks]);
  return { counts: counts.to("i32"), sent: counts.sum(1).to("i32") };
}
