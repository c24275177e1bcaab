// The load-balancing loss of the Switch Transformer (Fedus et al., 2021), per layer, over the tokens of a whole step.
import type { ProcessGroup, TensorDevice } from "worldsize";

interface Part {
  layers: { scores: number[][]; chosen: number[][] }[];
  real: boolean[];
}

export async function balance(
  world: ProcessGroup,
  device: TensorDevice,
  parts: Part[],
  factor: number,
): Promise<{ value: number; gradients: number[][][][] }> {
  const summed = async (own: number): Promise<number> => {
    const number = device.tensor([own]);
    await world.allReduce(number);
    return await number.item();
  };
  const counted = parts.map(({ real }) => real.filter(Boolean).length);
  const total = await summed(counted.reduce((a, b) => a + b, 0));

  let value = 0;
  const gradients = parts.map(({ layers, real }, p) => {
    const tokens = counted[p];
    const share = tokens / total;
    return layers.map(({ scores, chosen }) => {
      const experts = scores[0].length;
      const k = chosen[0].length;
      if (tokens === 0) return scores.map((row) => row.map(() => 0));
      const all = scores.map(softmax);
      // f has no gradient: a choice is a choice.
      const f = scores[0].map((_, e) => chosen.filter((list, t) => real[t] && list.includes(e)).length / (tokens * k));
      const mean = f.map((_, e) => all.reduce((sum, row, t) => sum + (real[t] ? row[e] : 0), 0) / tokens);
      const scale = factor * share * experts;
      value += scale * dot(f, mean);
      return all.map((row, t) => {
        const along = dot(f, row);
        return row.map((probability, e) => (real[t] ? (scale / tokens) * probability * (f[e] - along) : 0));
      });
    });
  });
  return { value: await summed(value), gradients };
}

/** Whether the scores get a gradient from the weights of the experts that are chosen. */
export function learns(experts: number, perToken: number, normalized: boolean): boolean {
  return experts > 1 && !(perToken === 1 && normalized);
}

function softmax(row: number[]): number[] {
  const top = Math.max(...row);
  const exps = row.map((each) => Math.exp(each - top));
  const sum = exps.reduce((a, b) => a + b, 0);
  return exps.map((each) => each / sum);
}

function dot(a: number[], b: number[]): number {
  return a.reduce((sum, each, i) => sum + each * b[i], 0);
}
