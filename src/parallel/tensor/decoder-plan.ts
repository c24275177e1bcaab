/**
 * The plan of a whole Decoder. Between layers the stream is the same on all ranks; with sequence parallelism it is cut along
 * tokens there, so that norms and residuals are computed once, and memory for them is a share (Korthikanti et al., "Reducing
 * Activation Recomputation in Large Transformer Models", 2022). What enters attention and an MLP is made whole once for each.
 */
import type { DecoderConfig } from "../../models/index.ts";
import { mixturePlan } from "../experts/tensor-plan.ts";
import { cutTokens, input, output, partialGradients } from "./edges.ts";
import { columns, rows } from "./linear.ts";
import type { Plan, Style } from "./style.ts";
import { vocabularyRows } from "./vocabulary.ts";

/**
 * How a Decoder of a form is cut; its logits are those of each rank's words then, for `vocabularyCrossEntropy`.
 * @param options.sequence whether tokens are cut outside attention and MLPs: a batch's number of tokens divides then.
 */
export function decoderPlan(config: DecoderConfig, { sequence = false }: { readonly sequence?: boolean } = {}): Plan {
  const type = sequence ? "varying" : "identical";
  const whole = (path: string): Plan => ({ [path]: input(type, "replicated") });
  const norm = (path: string, ...more: readonly Style[]): Plan => {
    const styles = sequence ? [partialGradients(), ...more] : more;
    return styles.length > 0 ? { [path]: styles } : {};
  };
  const [attention, mlp] = ["layers.*.attention", "layers.*.mlp"];
  const dense = (): Plan => ({
    ...whole(mlp),
    ...(config.activation === "silu" ? { [`${mlp}.gate`]: columns() } : {}),
    [`${mlp}.up`]: columns(),
    [`${mlp}.down`]: rows({ to: type }),
  });
  return {
    ...(sequence ? { "": cutTokens() } : {}),
    embed: vocabularyRows({ to: type }),
    ...(sequence && config.positions === "learned"
      ? { positions: [partialGradients(), input("replicated", "varying")] }
      : {}),
    ...norm("layers.*.attentionNorm"),
    ...whole(attention),
    [`${attention}.q`]: columns(),
    [`${attention}.k`]: columns(),
    [`${attention}.v`]: columns(),
    // Each rank has heads of its own, so that what they share is used for some of them.
    ...(config.qkNorm
      ? { [`${attention}.qNorm`]: partialGradients(), [`${attention}.kNorm`]: partialGradients() }
      : {}),
    [`${attention}.o`]: rows({ to: type }),
    ...norm("layers.*.mlpNorm"),
    ...(config.experts > 0 ? mixturePlan(mlp, type) : dense()),
    ...norm("norm", output(type, "replicated")),
    ...(config.tied ? {} : { head: columns({ uneven: true }) }),
  };
}
