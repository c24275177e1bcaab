/** Norms of gradients that ranks have parts of: case 9, and random ones on meshes of two axes. */
import { defineScript, Parameter, type Tensor } from "worldsize";
import { clipGradNormOver_, gradientNormOver, Mesh } from "worldsize/parallel";

export default defineScript({
  about: "Norms of gradients over a mesh.",
  traced: true,
  async main({ world, device, show, spans, now }) {
    const withGrad = (values: number[], axes: string[], copies = 1): Parameter => {
      const parameter = new Parameter(device, [values.length]);
      parameter.describe({ axes, copies });
      parameter.grad = device.from(values, [values.length]);
      return parameter;
    };
    if (world.size === 2) {
      const mesh = await Mesh.create(world, { tp: 2 });
      const parameters = [withGrad([[3], [4]][world.rank], ["tp"]), withGrad([12], [])];
      for (const type of [1, 2, 3, Infinity]) {
        const begin = now();
        const { norm } = gradientNormOver(parameters, { mesh, type });
        const value = await norm.item();
        const messages = (await spans()).filter(({ lane, start }) => lane === "comm" && start >= begin).length;
        show.row({ type: String(type), norm: value, messages });
      }
      const norm = clipGradNormOver_(parameters, 1, { mesh });
      show.row({
        norm: await norm.item(),
        clipped: await parameters[1].grad?.item(),
        own: await parameters[0].grad?.item(),
      });
    }
    // Of numbers that every rank can make: some cut along one axis, along both, along none, and as copies.
    const mesh = await Mesh.create(world, {
      dp: world.size % 2 === 0 ? world.size / 2 : 1,
      tp: world.size % 2 === 0 ? 2 : world.size,
    });
    const [dp, tp] = [mesh.coordinate("dp"), mesh.coordinate("tp")];
    const value = (which: number, i: number, j: number): number => Math.sin(1 + which * 100 + i * 10 + j);
    const parameters = [
      withGrad([value(0, dp, tp), value(1, dp, tp)], ["dp", "tp"]),
      withGrad([value(2, dp, 0)], ["dp"]),
      withGrad([value(3, 0, tp), 2], ["tp"]),
      withGrad([value(4, 0, 0)], []),
      withGrad([value(5, 0, 0)], ["tp"], mesh.size("tp")),
      withGrad([], ["dp"]),
    ];
    const all: number[] = [value(4, 0, 0), value(5, 0, 0)];
    for (let i = 0; i < mesh.size("dp"); i++) {
      all.push(value(2, i, 0));
      for (let j = 0; j < mesh.size("tp"); j++) all.push(value(0, i, j), value(1, i, j));
    }
    for (let j = 0; j < mesh.size("tp"); j++) all.push(value(3, 0, j), 2);
    const without = new Parameter(device, [3]); // has no gradient
    for (const type of [1, 2, 3, Infinity]) {
      const { norm, factor } = gradientNormOver([...parameters, without], { mesh, type, most: 1 });
      const expected =
        type === Infinity
          ? Math.max(...all.map(Math.abs))
          : all.reduce((sum, each) => sum + Math.abs(each) ** type, 0) ** (1 / type);
      const take = async (tensor: Tensor): Promise<number> => (await tensor.item()) as number;
      show.row({ random: String(type), ratio: (await take(norm)) / expected, factor: (await take(factor)) * expected });
    }
  },
});
