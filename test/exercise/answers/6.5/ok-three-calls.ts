// A call for each of the three numbers; padding is cut off, and a rank without words has numbers that change nothing.
import type { ProcessGroup, Tensor, TensorDevice } from "worldsize";

export async function vocabularyLoss(
  world: ProcessGroup,
  device: TensorDevice,
  logits: Tensor,
  labels: number[],
  vocabulary: number,
): Promise<{ gradient: Tensor; loss: Tensor }> {
  const [tokens, columns] = logits.shape;
  for (const [row, label] of labels.entries()) {
    if (label !== -100 && (label < 0 || label >= vocabulary)) throw new Error(`row ${row}: ${label}`);
  }
  const first = world.rank * columns;
  const last = Math.min(columns, vocabulary - first);
  const mine = last > 0 ? logits.slice(1, 0, last) : undefined;
  const largest = mine ? mine.max(-1) : device.full([tokens], -1e38);
  await world.allReduce(largest, "max");
  const exp = mine?.sub(largest.unsqueeze(1)).exp();
  const sum = exp ? exp.sum(-1) : device.zeros([tokens]);
  await world.allReduce(sum);

  const read = (await logits.toArray()) as number[][];
  const isMine = (label: number): boolean => label >= first && label < first + columns;
  const chosen = device.from(
    labels.map((label, t) => (isMine(label) ? read[t][label - first] : 0)),
    [tokens],
  );
  await world.allReduce(chosen);

  const counts = labels.map((label) => Number(label !== -100));
  const many = counts.reduce((a, b) => a + b, 0) || 1;
  const each = device.from(counts, [tokens]);
  const loss = sum.log().add(largest).sub(chosen).mul(each).sum().div(many);
  const softmax = exp ? ((await exp.div(sum.unsqueeze(1)).toArray()) as number[][]) : [];
  const gradient = labels.map((label, t) =>
    Array.from({ length: columns }, (_, c) =>
      c < last ? ((softmax[t][c] - Number(first + c === label)) * counts[t]) / many : 0,
    ),
  );
  return { loss, gradient: device.tensor(gradient) };
}
