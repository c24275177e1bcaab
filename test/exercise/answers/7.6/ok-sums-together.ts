// Both numbers are summed over ranks as one tensor; the value is divided by the tokens at the end.
import type { ProcessGroup, TensorDevice } from "worldsize";

type Part = { layers: { scores: number[][]; chosen: number[][] }[]; real: boolean[] };

export async function balance(world: ProcessGroup, device: TensorDevice, parts: Part[], factor: number) {
  let [sum, tokens] = [0, 0];
  const slopes = parts.map((part) => {
    const places = part.real.flatMap((is, t) => (is ? [t] : []));
    tokens += places.length;
    return part.layers.map((layer) => {
      const own = layer.scores.map((row) => row.map(() => 0));
      const k = layer.chosen[0]?.length ?? 1;
      const counts = new Map<number, number>();
      for (const t of places) for (const e of layer.chosen[t]) counts.set(e, (counts.get(e) ?? 0) + 1);
      for (const t of places) {
        const row = layer.scores[t];
        const top = row.reduce((a, b) => Math.max(a, b));
        const total = row.reduce((all, each) => all + Math.exp(each - top), 0);
        const p = row.map((each) => Math.exp(each - top) / total);
        const scaled = row.map((_, e) => (row.length * (counts.get(e) ?? 0)) / (k * places.length));
        const along = p.reduce((all, each, e) => all + each * scaled[e], 0);
        sum += along;
        own[t] = p.map((each, e) => each * (scaled[e] - along));
      }
      return own;
    });
  });
  const both = device.tensor([sum, tokens]);
  await world.allReduce(both);
  const [all, count] = (await both.toArray()) as number[];
  const gradients = slopes.map((part) =>
    part.map((layer) => layer.map((row) => row.map((each) => (factor * each) / count))),
  );
  return { gradients, value: (factor * all) / count };
}

export const learns = (experts: number, perToken: number, normalized: boolean): boolean =>
  experts === 1 ? false : perToken > 1 || !normalized;
