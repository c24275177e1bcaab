/** Rotary positions in config.json: the older `rope_theta` with `rope_scaling`, and the newer `rope_parameters` that holds both. */
import type { DecoderConfig, RopeScaling } from "../decoder-config.ts";
import { type Fields, kindOf } from "../tokenizer/fields.ts";

/**
 * @param theta what the family has where nothing is said.
 * @throws RangeError for another scaling than Llama 3's, and for two thetas.
 */
export function readRope(fields: Fields, theta: number): Pick<DecoderConfig, "ropeTheta" | "ropeScaling"> {
  const [key, scaling] = (["rope_parameters", "rope_scaling"] as const)
    .map((name) => [name, fields.objectOrNull(name)] as const)
    .find(([, object]) => object) ?? ["rope_scaling", undefined];
  const outer = fields.raw("rope_theta");
  const inner = scaling?.raw("rope_theta");
  if (outer != null && inner != null && outer !== inner)
    fields.fail("rope_theta", `is ${kindOf(outer)}, but ${key} has ${kindOf(inner)}`);
  const ropeTheta = outer ?? inner ?? theta;
  if (typeof ropeTheta !== "number" || !(ropeTheta > 0))
    return fields.fail("rope_theta", `is ${kindOf(ropeTheta)}, expected a number above 0`);
  const partial = fields.raw("partial_rotary_factor") ?? scaling?.raw("partial_rotary_factor") ?? 1;
  if (partial !== 1) fields.fail("partial_rotary_factor", `is ${kindOf(partial)}; only whole heads are turned`);
  const type = scaling?.raw("rope_type") ?? scaling?.raw("type") ?? "default";
  if (!scaling || type === "default") return { ropeTheta };
  if (type !== "llama3")
    return fields.fail(key, `has the rope_type ${kindOf(type)}; what is computed is "default" and "llama3"`);
  return { ropeTheta, ropeScaling: readLlama3(scaling) };
}

function readLlama3(scaling: Fields): RopeScaling {
  const number = (key: string): number => {
    const value = scaling.raw(key);
    return typeof value === "number" && value > 0
      ? value
      : scaling.fail(key, `is ${kindOf(value)}, expected a number above 0`);
  };
  const lowFreqFactor = number("low_freq_factor");
  const highFreqFactor = number("high_freq_factor");
  if (highFreqFactor <= lowFreqFactor)
    scaling.fail("high_freq_factor", `is ${highFreqFactor}, expected more than low_freq_factor (${lowFreqFactor})`);
  return {
    type: "llama3",
    factor: number("factor"),
    lowFreqFactor,
    highFreqFactor,
    originalMaxPositions: number("original_max_position_embeddings"),
  };
}
