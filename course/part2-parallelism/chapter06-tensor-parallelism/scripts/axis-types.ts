// Mistakes in a layer that is cut among ranks, and a check that finds each on its line: it follows what every tensor is along
// the axis (replicated, identical, varying, partial), so that one rank is enough, and no number has to be compared.
import { defineScript, functional as F, type Tensor } from "worldsize";
import { AxisTypes, asPartial, changeType, Mesh } from "worldsize/parallel";

/** Words in lines of so many characters at most, since a message is longer than a terminal is wide. */
function linesOf(text: string, width: number): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const last = lines.length - 1;
    if (lines[last] && lines[last].length + word.length >= width) lines.push(word);
    else lines[last] += lines[last] ? ` ${word}` : word;
  }
  return lines;
}

export default defineScript({
  about: "Four mistakes in a layer that is cut among ranks: the numbers they give, and the errors of a check of types.",
  ranks: 2,
  options: {},
  measured: ["line"], // a page knows it by another name
  async main({ world, device, show }) {
    const mesh = await Mesh.create(world, { tp: world.size });
    const tp = mesh.group("tp");
    const [tokens, width, own] = [4, 8, 3]; // hidden units of each rank

    // What every rank has alike, and what each has of its own.
    const types = new AxisTypes(device, mesh);
    const all = (shape: number[], seed: number): Tensor => device.randn(shape, { seed }).requiresGrad_();
    const [x, bias] = [all([tokens, width], 1), all([width], 2)];
    const [up, down] = [all([own, width], 10 + world.rank), all([width, own], 90 + world.rank)];
    for (const each of [x, bias]) types.set(each, { tp: "identical" });
    for (const each of [up, down]) types.set(each, { tp: "varying" });

    const enter = (): Tensor => changeType(x, tp, "identical", "replicated"); // Megatron's f
    const leave = (y: Tensor): Tensor => changeType(y, tp, "partial", "identical"); // its g
    const hidden = (): Tensor => F.gelu({ x: F.linear({ x: enter(), weight: up }) });
    const term = (h: Tensor): Tensor => asPartial(F.linear({ x: h, weight: down }), tp); // one rank's, of a sum

    const right = (): Tensor => x.add(leave(term(hidden())).add(bias));
    const mistakes: Readonly<Record<string, () => Tensor>> = {
      // Each on a line of its own, which the error names.
      "the all_reduce is forgotten": () => {
        return x.add(term(hidden()).add(bias));
      },
      "the bias is added on each rank, before the sum": () => {
        return x.add(leave(term(hidden()).add(bias)));
      },
      "a function that is not linear, of a term": () => {
        return x.add(leave(F.gelu({ x: term(hidden()) })).add(bias));
      },
      "the way back is forgotten: no all_reduce of dx": () => {
        const h = F.gelu({ x: F.linear({ x, weight: up }) });
        return x.add(leave(term(h)).add(bias));
      },
    };

    /** The result and the gradient of x, from a loss that is the sum of squares. */
    const step = async (layer: () => Tensor): Promise<{ y: Tensor; dx: Tensor }> => {
      x.grad = null;
      const y = layer();
      y.mul(y).sum().backward();
      const dx = x.grad as Tensor | null;
      if (!dx) throw new Error("No gradient reached x.");
      return { y: y.detach(), dx: dx.clone() };
    };
    const expected = await step(right);
    types.check(right); // nothing to find
    const gap = async (a: Tensor, b: Tensor): Promise<string> => {
      const off = (await a.sub(b).abs().max().item()) / (await b.abs().max().item());
      return off < 1e-5 ? "right" : `off by ${Math.round(100 * off)} %`;
    };
    for (const [what, mistake] of Object.entries(mistakes)) {
      const { y, dx } = await step(mistake);
      const row = { y: await gap(y, expected.y), dx: await gap(dx, expected.dx) };
      let found = "nothing was found";
      try {
        types.check(mistake);
      } catch (error) {
        if (!(error instanceof TypeError)) throw error;
        found = error.message;
      }
      if (world.rank !== 0) continue;
      show.line(`Mistake: ${what}.`);
      show.row({ "without the check": "no error", ...row });
      const [message, line] = found.split(/ \((\S+:\d+)\)$/);
      for (const each of linesOf(message, 68)) show.line(`  ${each}`);
      show.row({ line });
    }
    if (world.rank === 0) show.line("The layer as it should be: nothing to find.");
  },
});
