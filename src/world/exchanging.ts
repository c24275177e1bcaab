/** Exchanges among all members of a group: a part from each to each, of lengths known to the host or to the device alone. */
import { directAllToAll } from "./algorithms/direct.ts";
import { list, type Pieces } from "./algorithms/pieces.ts";
import { directAllToAllRows } from "./algorithms/rows.ts";
import type { Checks } from "./checks/checks.ts";
import type { Engine } from "./core/engine.ts";
import type { Issuer } from "./core/issuer.ts";
import type { GroupInfo } from "./core/operation.ts";
import { type Contiguous, spanOf } from "./core/span.ts";
import type { Work } from "./core/work.ts";
import { Messaging } from "./messaging.ts";

/** The exchanges of a group; its other collectives are in group.ts. */
export abstract class Exchanging extends Messaging {
  readonly #issuer: Issuer;
  readonly #checks: Checks;

  constructor(engine: Engine, info: GroupInfo, issuer: Issuer, checks: Checks) {
    super(engine, info, issuer, checks);
    this.#issuer = issuer;
    this.#checks = checks;
  }

  /** Piece j of my `output` becomes piece `rank` of rank j's `input`. Lists may have pieces of different lengths. */
  allToAll<T extends Contiguous>(output: Pieces<T>, input: Pieces<T>): Work<Pieces<T>> {
    const outputs = this.#checks.pieces("allToAll", output);
    const inputs = this.#checks.pieces("allToAll", input);
    this.#checks.ownPiece(outputs[this.rank], inputs[this.rank]);
    this.#checks.apart("allToAll", [output, outputs], [input, inputs]);
    return this.#issuer.issue({
      kind: "allToAll",
      args: [output, input],
      agree: list(output),
      reads: list(input),
      writes: list(output),
      steps: (comm) => directAllToAll(comm, outputs, inputs),
      output: output,
    });
  }

  /**
   * An allToAll of rows whose numbers lie in device memory, so that no host waits for them: they are read when the operation
   * begins, and travel before the rows. torch's all_to_all_single takes its split sizes from the host.
   * @param output [room, ...row]: rows as they come, in the order of the ranks that they come from; what is behind stays.
   * @param input [rows, ...row], in the order of the ranks that they go to; what the counts leave over stays here.
   * @param sendCounts i32 [size]: rows for each rank. @param receiveCounts i32 [size]: becomes the rows from each rank.
   * @throws RangeError or TypeError for shapes and dtypes at once. Counts that are negative, or more than there are rows or
   *   room, end the job with an error that names the rank and the numbers: they are known too late for a call to throw.
   */
  allToAllRows<T extends Contiguous>(output: T, input: T, sendCounts: Contiguous, receiveCounts: Contiguous): Work<T> {
    this.#checks.rows(output, input, sendCounts, receiveCounts);
    const width = input.shape.slice(1).reduce((product, length) => product * length, 1);
    const spans = { output: spanOf(output), input: spanOf(input) };
    const counts = { sendCounts: spanOf(sendCounts), receiveCounts: spanOf(receiveCounts) };
    return this.#issuer.issue({
      kind: "allToAllRows",
      args: [output, input, sendCounts, receiveCounts],
      agree: [input],
      reads: [input, sendCounts],
      writes: [output, receiveCounts],
      steps: (comm) => directAllToAllRows(comm, { ...spans, ...counts, width }),
      output: output,
    });
  }
}
