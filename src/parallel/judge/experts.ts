/** A mixture of experts in the float64 twin: every expert on every token, weighted by what the router says. */
import type { DecoderConfig } from "../../models/index.ts";
import type { Node } from "./reverse.ts";
import { Rounded } from "./rounded.ts";

/** A scores' lead over the next one, as a multiple of what rounding may change, that makes a choice the same everywhere. */
const CLEAR = 64;

const EPSILON = 2 ** -24;

/**
 * @param logits [tokens, experts]. @param expert what expert i makes of all tokens, [tokens, width].
 * @throws RangeError where a choice is so close that another order of sums may choose otherwise: then no bound would hold.
 */
export function mixtureTwin(
  logits: Node,
  { experts, expertsPerToken: k, normalizeTopK }: DecoderConfig,
  expert: (index: number) => Node,
): Node {
  const chosen = chosenOf(logits.data, k);
  const all = Rounded.exact(logits.rows, experts, new Float64Array(logits.rows * experts).fill(1));
  const weights = normalizeTopK ? logits.shares(chosen) : logits.shares(all).kept(chosen);
  return Array.from({ length: experts }, (_, e) => expert(e).mul(weights.columns(e, e + 1))).reduce((sum, each) =>
    sum.add(each),
  );
}

/** 1 where a token chose an expert. */
function chosenOf(logits: Rounded, k: number): Rounded {
  const { rows, cols, value } = logits;
  const error = logits.magnitude();
  const chosen = Rounded.zeros(rows, cols);
  for (let row = 0; row < rows; row++) {
    const order = Array.from({ length: cols }, (_, e) => row * cols + e).sort((a, b) => value[b] - value[a] || a - b);
    for (const at of order.slice(0, k)) chosen.value[at] = 1;
    const [last, next] = [order[k - 1], order[k]];
    if (next === undefined) continue;
    const lead = value[last] - value[next];
    if (lead > CLEAR * EPSILON * (error[last] + error[next])) continue;
    throw new RangeError(
      `Token ${row} is torn between experts ${last % cols} and ${next % cols}, whose scores differ by ${lead.toExponential(1)}: ` +
        "rounding may choose. Take other samples or other weights.",
    );
  }
  return chosen;
}
