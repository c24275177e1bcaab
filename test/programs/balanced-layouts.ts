// Terms of balance, the norm of all gradients, and biases, under layouts that cut the same samples into the same parts.
import { defineScript } from "worldsize";
import { moveBiasOver, ParallelDecoder, parseLayout, ranksOf } from "worldsize/parallel";
import {
  batchOf,
  countOf,
  smallStep,
} from "../../course/part2-parallelism/chapter06-tensor-parallelism/lib/small-batch.ts";

/** Layouts of four samples, each a micro-batch of its own somewhere. */
const LAYOUTS = [
  "dp1",
  "dp2",
  "dp4",
  "dp2.ep2",
  "dp4.ep4",
  "dp4.ep2",
  "tp2",
  "tp2+sp",
  "dp2.ep2.tp2",
  "pp2",
  "pp2.dp2.ep2+zb-h1",
  "dp2.ep2+recompute",
  "dp2+fsdp",
];

export default defineScript({
  about: "The same step under many layouts.",
  async main({ world, device, show }) {
    const step = smallStep(4, 17, 2, 4);
    const config = { ...step.config, mixture: { auxiliary: 0.5, zLoss: 0.05, biased: true } };
    let wanted: Readonly<Record<string, number[]>> = {};
    for (const name of LAYOUTS) {
      const layout = parseLayout(name);
      const ranks = ranksOf(layout);
      if (ranks > world.size) continue;
      if (name === LAYOUTS[1]) wanted = await world.broadcastObject(wanted);
      const group = await world.newGroup(Array.from({ length: ranks }, (_, rank) => rank));
      if (!group) continue;
      const parallel = await ParallelDecoder.create(group, device, config, layout);
      const mine = parallel.shareOf(step.samples);
      const batches = mine.map((sample) => batchOf([sample]));
      const loss = await parallel.synchronize(await parallel.run(batches, countOf(step.samples)));
      const { norm, factor } = parallel.gradientNorm(1);
      const found = new Map<string, number[]>([
        ["norm", [...(await norm.data())]],
        ["loss", [loss]],
      ]);
      moveBiasOver(parallel.model, parallel.mesh.group("copies", "dp", "ep", "cp"), 0.001);
      for (const [path, parameter] of parallel.model.namedParameters()) {
        if (layout.data !== "ddp") continue; // a rank has a part, of which the norm tells
        if (path.endsWith("mlp.bias")) found.set(path, [...(await parameter.data())]);
        if (path.endsWith("router.weight") && parameter.grad) found.set(path, [...(await parameter.grad.data())]);
      }
      if (name === "dp1") wanted = Object.fromEntries(found);
      for (const [path, values] of found) {
        const theirs = wanted[path] ?? [];
        const scale = Math.max(1e-3, ...theirs.map(Math.abs));
        const worst = Math.max(...values.map((value, i) => Math.abs(value - theirs[i]) / scale));
        show.row({ layout: name, path, worst: values.length === theirs.length ? worst : Infinity });
      }
      for (const tensor of [norm, factor]) tensor.dispose();
      parallel.dispose();
      group.destroy();
    }
  },
});
