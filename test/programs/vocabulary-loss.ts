/** Cross-entropy over shared columns, both versions, against the loss of one rank: random cases of a seed, and those that people met. */
import { crossEntropy, defineScript, number, type Tensor, type TensorDevice } from "worldsize";
import { plainVocabularyCrossEntropy, shareOf, vocabularyCrossEntropy } from "worldsize/parallel";

interface Case {
  readonly name: string;
  readonly logits: number[][];
  readonly target: number[];
  readonly vocabulary: number;
}

/** Cases that have been got wrong. */
const known: readonly Case[] = [
  { name: "five equal", logits: [[0, 0, 0, 0, 0]], target: [3], vocabulary: 5 },
  { name: "padded to 8", logits: [[0, 0, 0, 0, 0, 900, 900, 900]], target: [3], vocabulary: 5 },
  { name: "far apart", logits: [[1e4, -1e4, 0], [-1e4, -1e4, 1e4], [-1e4, -1e4, -1e4]], target: [1, 2, 0], vocabulary: 3 }, // biome-ignore format: rows
  { name: "ignored", logits: [[1, 2, 3], [50, 3, 1]], target: [-100, -100], vocabulary: 3 }, // biome-ignore format: rows
];

function drawn(
  device: TensorDevice,
  seed: number,
): { logits: Tensor; target: Tensor; weight: Tensor; columns: number } {
  const [rows, columns] = [1 + (seed % 5), 2 + ((seed * 7) % 11)];
  const logits = device.randn([rows, columns], { seed }).mul(seed % 3 === 0 ? 30 : 2);
  const target = device.randint(0, columns, [rows], { seed: seed + 1000 });
  return { logits, target, weight: device.rand([rows], { seed: seed + 2000 }), columns };
}

export default defineScript({
  about: "Holds the loss over shared columns to that of one rank.",
  options: { cases: number(20, "random cases"), label: number(0, "a target that is tried alone") },
  async main({ world, device, options, show }) {
    const { rank, size } = world;
    if (options.label !== 0) {
      const { length } = shareOf(5, size, rank);
      const target = device.tensor([0, options.label, -100], "i32");
      vocabularyCrossEntropy(device.zeros([3, length]), target, world, { vocabulary: 5 });
      try {
        await device.synchronize();
        show.row({ rank, error: "none" });
      } catch (error) {
        show.row({ rank, error: (error as Error).message });
      }
      return;
    }
    const compare = async (name: string, all: Tensor, target: Tensor, vocabulary: number, weight?: Tensor) => {
      const columns = all.shape[1];
      const whole = all.slice(1, 0, vocabulary).contiguous().requiresGrad_();
      const wanted = crossEntropy(whole, target, { weight });
      wanted.sum.mul(3).backward();
      const { from, length } = shareOf(columns, size, rank);
      for (const [version, lossOf] of Object.entries({ plainVocabularyCrossEntropy, vocabularyCrossEntropy })) {
        const own = all
          .slice(1, from, from + length)
          .contiguous()
          .requiresGrad_();
        const { sum, count } = lossOf(own, target, world, { vocabulary, columns, weight });
        sum.mul(3).backward();
        const words = Math.max(0, Math.min(length, vocabulary - from));
        const [gradient, of] = [own.grad as Tensor, whole.grad as Tensor];
        const far = async (x: Tensor): Promise<number> => (x.size === 0 ? 0 : await x.abs().max().item());
        const gap = await far(gradient.slice(1, 0, words).sub(of.slice(1, from, from + words)));
        const padding = await far(gradient.slice(1, words, length));
        const loss = await sum.item();
        const same = Object.is(await count.item(), await wanted.count.item());
        show.row({ name, version, loss, wanted: await wanted.sum.item(), gap: String(gap), padding: String(padding), same }); // biome-ignore format: one row
      }
    };
    for (const { name, logits, target, vocabulary } of known)
      await compare(name, device.tensor(logits), device.tensor(target, "i32"), vocabulary);
    for (let seed = 1; seed <= options.cases; seed++) {
      const { logits, target, weight, columns } = drawn(device, seed);
      const ignoring = seed % 4 === 0 ? target.mul(0).sub(100) : target;
      await compare(`case ${seed}`, logits, ignoring, columns, seed % 2 === 0 ? weight : undefined);
    }
  },
});
