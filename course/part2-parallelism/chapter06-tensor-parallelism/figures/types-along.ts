// Half a layer of a decoder with the type of each tensor along the axis, forward and backward, as the check of types finds
// them in a run; without sequence parallelism and with it.
import { defineScript, functional as F, type Tensor } from "worldsize";
import { type Figure, moved, type Shape } from "worldsize/draw";
import { type AxisType, AxisTypes, asPartial, changes, changeType, Mesh } from "worldsize/parallel";

/** What the gradient of a tensor is, by the tensor's own type. */
const gradients: Readonly<Record<AxisType, AxisType>> = {
  identical: "identical",
  replicated: "partial",
  varying: "varying",
  partial: "replicated",
};
const letters: Readonly<Record<AxisType, string>> = { identical: "I", replicated: "R", varying: "V", partial: "P" };

export default defineScript({
  about: "An MLP whose types along an axis are followed.",
  ranks: 2,
  async main({ world, device, show }) {
    const mesh = await Mesh.create(world, { tp: world.size });
    for (const tokens of ["identical", "varying"] as const) {
      const types = new AxisTypes(device, mesh);
      const made = (shape: number[], tp: AxisType): Tensor => types.set(device.randn(shape, { seed: 1 }), { tp });
      const x = made([4, 8], tokens);
      const norm = made([8], tokens === "varying" ? "replicated" : "identical");
      const [up, down] = [made([6, 8], "varying"), made([8, 6], "varying")];
      types.check(() => {
        const read = F.rmsNorm({ x, weight: norm, eps: 1e-5 }).y;
        const all = changeType(read, world, tokens, "replicated");
        const hidden = F.linear({ x: all, weight: up });
        const bent = F.gelu({ x: hidden });
        const term = asPartial(F.linear({ x: bent, weight: down }), world);
        const sum = changeType(term, world, "partial", tokens);
        const found = [x, read, all, hidden, bent, term, sum, x.add(sum)];
        if (world.rank === 0) show.row({ tokens, types: found.map((each) => types.get(each).tp).join(" ") });
      });
    }
  },
});

/** Names of moves, as NCCL has them. */
function collectiveOf(name: string, way: "forward" | "backward"): string {
  const move = changes[name][way].name;
  const names: Readonly<Record<string, string>> = { keep: "nothing", allReduce: "all_reduce", allGather: "all_gather", reduceScatter: "reduce_scatter" }; // biome-ignore format: a table
  return names[move] ?? move;
}

const operations = ["norm", "f", "up, by columns", "gelu", "down, by rows", "g", "+ x"];
const WIDTH = 30;
const [DOWN, MIDDLE, UP] = [7, 13.5, 22];

function panelOf(title: string, types: readonly AxisType[]): Shape[] {
  const shapes: Shape[] = [{ kind: "text", x: MIDDLE, y: 0, text: title, style: "bold", anchor: "middle" }];
  shapes.push(
    { kind: "text", x: DOWN, y: 1, text: "forward", anchor: "middle", style: "small", ink: "soft" },
    { kind: "text", x: UP, y: 1, text: "backward", anchor: "middle", style: "small", ink: "soft" },
  );
  types.forEach((type, i) => {
    const y = 2 + 5 * i;
    const gradient = gradients[type];
    shapes.push(
      { kind: "line", points: [[DOWN, y], [DOWN, y + 1]], arrow: true },
      { kind: "text", x: DOWN - 2, y: y, text: letters[type], style: "bold", anchor: "end" },
      { kind: "line", points: [[UP, y + 1], [UP, y]], arrow: true },
      { kind: "text", x: UP + 2, y: y, text: letters[gradient], style: "bold" },
    ); // biome-ignore format: an edge
    const operation = operations[i];
    if (!operation) return;
    const changed = operation === "f" || operation === "g";
    const top = y + 2;
    shapes.push({
      kind: "box",
      x: 0,
      y: top,
      width: WIDTH,
      height: 3,
      ...(changed ? { fill: "bad", ink: "bad" } : {}),
    });
    if (!changed) {
      shapes.push({ kind: "text", x: MIDDLE + 1, y: top + 1, text: operation, anchor: "middle" });
      return;
    }
    const name = `${type} → ${types[i + 1]}`;
    const [there, back] = [collectiveOf(name, "forward"), collectiveOf(name, "backward")];
    const [from, to] = [1, WIDTH - 2];
    const middle = (from + there.length + to - back.length) / 2;
    shapes.push(
      { kind: "text", x: from, y: top + 1, text: there, style: "small", ink: there === "nothing" ? "soft" : "bad" },
      { kind: "text", x: middle, y: top + 1, text: operation, anchor: "middle", style: "bold" },
      { kind: "text", x: to, y: top + 1, text: back, anchor: "end", style: "small", ink: back === "nothing" ? "soft" : "bad" },
    ); // biome-ignore format: one line of text each
  });
  return shapes;
}

export const figure: Figure = {
  about:
    "The MLP half of a layer: types of tensors forward and of gradients backward. Collectives sit at f and g only: one all_reduce each way, or an all_gather and a reduce_scatter each way.",
  draw(run) {
    const rows = run.shown[0].flatMap((each) => (each.kind === "row" ? [String(each.row.types).split(" ")] : []));
    const [plain, sequence] = rows as AxisType[][];
    return {
      title: "Types along the axis: tensors go down, gradients up",
      about: "",
      width: 2 * WIDTH + 3,
      height: 5 * plain.length + 1,
      shapes: [
        {
          kind: "text",
          x: 0,
          y: 5 * plain.length,
          text: "I identical · R replicated · V varying · P partial",
          style: "small",
          ink: "soft",
        },
        ...panelOf("every rank has all tokens", plain),
        ...moved(panelOf("tokens are cut outside", sequence), WIDTH + 3, 0),
      ],
    };
  },
};
