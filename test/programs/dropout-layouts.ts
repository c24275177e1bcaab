/**
 * Dropout of one tensor that ranks share out in many ways: rows, columns, both, and the zig-zag of context parallelism. Each
 * rank says what it dropped by the places in the whole, so that the whole mask can be put together.
 */
import { Dropout, defineScript, recompute, type Tensor } from "worldsize";
import { cutContext, Mesh } from "worldsize/parallel";

const [tokens, width] = [12, 10];

/** Which part of the whole a rank has. */
interface Part {
  readonly rows: readonly number[];
  readonly from: number;
  readonly to: number;
}

export default defineScript({
  about: "Drops elements of a tensor that ranks share out.",
  async main({ world, device, show }) {
    const { rank, size } = world;
    const all = Array.from({ length: tokens }, (_, i) => i);
    const rowsOf = (at: number, of: number): number[] => all.slice((at * tokens) / of, ((at + 1) * tokens) / of);
    const columnsOf = (at: number, of: number): Pick<Part, "from" | "to"> => ({
      from: Math.floor((at * width) / of),
      to: Math.floor(((at + 1) * width) / of),
    });
    const whole = columnsOf(0, 1);
    const flat = new Int32Array(tokens);
    const batch = { tokens: flat, targets: flat, weights: new Float32Array(tokens), positions: flat };
    const cut = cutContext({ ...batch, starts: Int32Array.of(0, tokens) }, world);
    const layouts: Record<string, Part> = {
      one: { rows: all, ...whole },
      dp: { rows: rowsOf(rank, size), ...whole },
      tp: { rows: all, ...columnsOf(rank, size) },
      cp: { rows: [...cut.rows], ...whole },
    };
    if (size === 4) {
      const mesh = await Mesh.create(world, { dp: 2, tp: 2 });
      layouts.both = { rows: rowsOf(mesh.coordinate("dp"), 2), ...columnsOf(mesh.coordinate("tp"), 2) };
    }
    const dropout = new Dropout(device, 0.5, "layer");
    for (const [name, { rows, from, to }] of Object.entries(layouts)) {
      for (const again of [false, true]) {
        device.beginStep(7);
        const x = device.ones([rows.length, to - from]).requiresGrad_();
        const place = { rows: device.tensor([...rows], "i32"), width, from };
        const dropped = (each: Tensor): Tensor => dropout.call(each, place);
        // Twice: the second use of a name in a step has a mask of its own.
        const twice = (each: Tensor): Tensor => dropped(dropped(each).exp());
        const y = again ? recompute(device, twice, [x]) : twice(x);
        y.sum().backward();
        const bits = async (t: Tensor | null): Promise<string> => [...((await t?.data()) ?? [])].join();
        show.row({ name, again, rows: rows.join(), from, to, y: await bits(y), dx: await bits(x.grad) });
      }
    }
    device.beginStep(7);
    const x = device.ones([tokens, width]).requiresGrad_();
    const y = dropout.call(dropout.call(x).exp());
    y.sum().backward();
    show.row({ name: "plain", y: (await y.data()).join(), dx: (await (x.grad as Tensor).data()).join() });
  },
});
