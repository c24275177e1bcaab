/** allGather and reduceScatter as exchanges of parts that lie in memory which all members see. */
import { codeOf, reduceOps, sizeOf } from "../../device/index.ts";
import type { Operator } from "../core/operation.ts";
import { addressOfSpan, type Span, spanBytes } from "../core/span.ts";
import type { Exchange } from "../core/transport.ts";

/** Piece i of the output becomes member i's input. @param pieces of the output. */
export function gatherExchange(pieces: readonly Span[], input: Span): Exchange {
  return {
    offer: input,
    largest: Math.max(...pieces.map(spanBytes)),
    readOf: (member) => spanBytes(pieces[member]),
    take(places, runtime) {
      for (const [i, piece] of pieces.entries()) {
        const target = addressOfSpan(piece);
        if (target !== places[i]) runtime.copy(target, places[i], spanBytes(piece)); // else in place
      }
    },
  };
}

/** The output becomes the reduction of every rank's piece `me`. @param input all pieces, one after the other. */
export function scatterExchange(output: Span, input: Span, me: number, size: number, operator: Operator): Exchange {
  const offset = me * output.count * sizeOf(output.dtype);
  return {
    offer: input,
    largest: spanBytes(input),
    readOf: () => spanBytes(output),
    take(places, runtime) {
      if (output.count === 0) return;
      const op = reduceOps[operator === "mean" ? "sum" : operator];
      const sources = places.map((place) => place + offset);
      const divisor = operator === "mean" ? size : 1;
      runtime.combine(op, codeOf(output.dtype), sources, [addressOfSpan(output)], output.count, divisor);
    },
  };
}
