// A pipeline's step: losses are sums, divided once by the tokens of the whole step; a tied table's two terms are summed at its end.
import { crossEntropy, type ProcessGroup, type Tensor, type TensorDevice, tapeOf } from "worldsize";

interface Stage {
  weight: Tensor;
  table: Tensor | undefined;
  ends: ProcessGroup | undefined;
  lookup(tokens: number[]): Tensor;
}

interface MicroBatch {
  tokens: number[];
  targets: number[];
}

/** Forward and backward of all runs; gradients add up. @returns the mean loss over all tokens. */
export async function step(
  world: ProcessGroup,
  device: TensorDevice,
  stage: Stage,
  runs: MicroBatch[][],
): Promise<number> {
  const { rank, size } = world;
  const [isFirst, isLast] = [rank === 0, rank === size - 1];
  const { weight, table } = stage;
  const width = weight.shape[0];
  const count = runs.flat().reduce((sum, { targets }) => sum + targets.length, 0);
  const total = device.zeros([1]); // the sum of losses: the last rank has it

  for (const microBatches of runs) {
    const kept: { x: Tensor; y: Tensor }[] = [];
    for (const { tokens, targets } of microBatches) {
      const x = isFirst ? stage.lookup(tokens) : device.empty([tokens.length, width]);
      if (!isFirst) {
        await world.recv(x, rank - 1);
        x.requiresGrad_();
      }
      let y = x.add(x.matmul(weight).tanh());
      if (isLast && table) {
        const { sum } = crossEntropy(y.matmul(table.transpose(0, 1)), device.tensor(targets, "i32"));
        total.add_(sum.detach());
        y = sum.div(count);
      } else await world.send(y.detach(), rank + 1);
      kept.push({ x, y });
    }
    // Backward in halves: what the stage before waits for comes first.
    const later: { run(): void }[] = [];
    for (const { x, y } of kept) {
      const dy = isLast ? undefined : device.empty(y.shape);
      if (dy) await world.recv(dy, rank + 1);
      later.push(tapeOf(device).deferWeights(() => y.backward(dy)));
      if (!isFirst && x.grad) await world.send(x.grad, rank - 1);
    }
    for (const weights of later) weights.run();
  }

  if (stage.ends && table?.grad) await stage.ends.allReduce(table.grad);
  await world.broadcast(total, size - 1);
  return (await total.item()) / count;
}
