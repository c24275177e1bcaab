/** Tensor-parallel layers under the check of types along axes: right ones, and the mistakes that people make. */
import {
  crossEntropy,
  customOperation,
  defineScript,
  functional as F,
  initialize,
  recompute,
  type Tensor,
} from "worldsize";
import { Decoder, llamaShape } from "worldsize/models";
import { AxisTypes, type AxisTypesOf, asPartial, changeType, Mesh } from "worldsize/parallel";

export default defineScript({
  about: "Follows types of tensors along the axes of a mesh.",
  async main({ world, device, show }) {
    const mesh = await Mesh.create(world, { dp: world.size === 4 ? 2 : 1, tp: world.size === 4 ? 2 : world.size });
    const [dp, tp] = [mesh.group("dp"), mesh.group("tp")];
    const types = new AxisTypes(device, mesh);
    const made = (shape: number[], tpType: AxisTypesOf["tp"], dpType: AxisTypesOf["dp"] = "replicated"): Tensor =>
      types.set(device.randn(shape, { seed: 5 }).requiresGrad_(), { tp: tpType, dp: dpType });

    const x = made([4, 8], "identical", "varying");
    const [norm, bias, replicated] = [made([8], "identical"), made([8], "identical"), made([8], "replicated")];
    const [up, gate, upBias] = [made([6, 8], "varying"), made([6, 8], "varying"), made([6], "varying")];
    const down = made([8, 6], "varying");
    const [q, k, v, o] = [
      made([8, 8], "varying"),
      made([4, 8], "varying"),
      made([4, 8], "varying"),
      made([8, 8], "varying"),
    ];
    const table = made([5, 8], "identical");
    const i32 = (values: number[]): Tensor => device.tensor(values, "i32");
    const [starts, positions, target] = [i32([0, 3, 4]), i32([0, 1, 2, 0]), i32([1, -100, 2, 4])];
    const [cos, sin] = [device.ones([4, 2]), device.zeros([4, 2])];

    const enter = (y: Tensor): Tensor => changeType(y, tp, "identical", "replicated");
    const leave = (y: Tensor): Tensor => changeType(y, tp, "partial", "identical");
    const hidden = (y: Tensor): Tensor => F.gelu({ x: F.linear({ x: enter(y), weight: up, bias: upBias }) });
    const gated = (y: Tensor): Tensor => {
      const all = enter(y);
      return F.swiglu({ gate: F.linear({ x: all, weight: gate }), up: F.linear({ x: all, weight: up }) });
    };
    const term = (y: Tensor): Tensor => asPartial(F.linear({ x: y, weight: down }), tp);
    const attended = (y: Tensor): Tensor => {
      const all = enter(y);
      const heads = (weight: Tensor): Tensor => F.linear({ x: all, weight }).reshape([4, -1, 4]);
      const turned = (weight: Tensor): Tensor => F.rope({ x: heads(weight), position: positions, cos, sin });
      const found = F.attention({ q: turned(q), k: turned(k), v: heads(v), qStarts: starts, kStarts: starts });
      return leave(asPartial(F.linear({ x: found.o.reshape([4, -1]), weight: o }), tp));
    };

    /** A block, its head and its loss, as they should be. */
    const right = (): Tensor => {
      const read = x.add(F.embedding({ table, index: positions }));
      const y = read.add(attended(F.rmsNorm({ x: read, weight: norm, eps: 1e-5 }).y));
      const z = y.add(leave(term(hidden(F.layerNorm({ x: y, weight: norm, bias, eps: 1e-5 }).y))).add(bias));
      const last = z.add(
        leave(
          term(gated(z))
            .mul(0.5)
            .neg()
            .sub(term(hidden(z))),
        ),
      );
      const { sum } = crossEntropy(last.matmul(table.transpose()), target);
      return changeType(asPartial(sum, dp), dp, "partial", "identical");
    };
    const custom = (...inputs: Tensor[]): Tensor =>
      customOperation({ name: "my operation", inputs, forward: () => inputs[0].clone(), backward: ({ dy }) => [dy] });

    const mistakes: Readonly<Record<string, () => Tensor>> = {
      forgottenAllReduce: () => x.add(term(hidden(x))), // mistake
      biasTwice: () => leave(term(hidden(x)).add(replicated)), // mistake
      biasOfIdentical: () => leave(term(hidden(x)).sub(bias)), // mistake
      biasInside: () =>
        leave(asPartial(F.linear({ x: hidden(x), weight: down, bias: replicated }).reshape([8, 4]), tp)), // mistake
      nonLinear: () => leave(F.gelu({ x: term(hidden(x)) })), // mistake
      norm: () => F.rmsNorm({ x: term(hidden(x)), weight: norm, eps: 1e-5 }).y, // mistake
      wrongFrom: () => leave(F.linear({ x: hidden(x), weight: down })), // mistake
      twice: () => leave(leave(term(hidden(x)))), // mistake
      forgottenF: () => F.linear({ x, weight: up }), // mistake
      square: () => term(hidden(x)).mul(term(hidden(x))), // mistake
      varyingFactor: () => term(hidden(x)).matmul(down), // mistake
      number: () => term(hidden(x)).add(1), // mistake
      constant: () => term(hidden(x)).add(device.ones([8])), // mistake
      unknownMixed: () => custom(enter(x), up), // mistake
      unknownPartial: () => custom(term(hidden(x))), // mistake
      rounded: () => term(hidden(x)).to("bf16"), // mistake
      noGradient: () => F.gelu({ x: types.set(device.ones([2, 3]), { tp: "partial" }).reshape([6]) }), // mistake
      inModel: () => new Decoder(device, shape).call({ tokens: positions, positions, starts }),
    };
    const shape = llamaShape({ vocabularySize: 8, width: 8, layers: 1, heads: 2, ffnWidth: 8 });

    const loss = types.check(right);
    const plain = right();
    loss.backward();
    const isSame = (await loss.item()) === (await plain.item());
    show.row({
      name: "right",
      text: JSON.stringify(types.get(loss)),
      isSame,
      untyped: JSON.stringify(types.get(plain)),
    });

    // A model of the library, each parameter whole on each rank, and recomputed in backward.
    const model = new Decoder(device, shape);
    initialize(model, 1);
    for (const parameter of model.parameters()) parameter.describe({ partial: ["dp"] });
    types.setParameters(model);
    for (const layer of model.layers)
      layer.surround((forward, y, ...rest) => recompute(device, (each) => forward(each, ...rest), [y]));
    types.set(positions, { dp: "varying" });
    const logits = types.check(() => {
      const scores = model.call({ tokens: positions, positions, starts });
      crossEntropy(scores, target).sum.backward();
      return scores;
    });
    show.row({ name: "model", text: JSON.stringify(types.get(logits)) });

    // Backward runs a part again, on handles that have no types: nothing is checked there.
    const again = types.check(() => {
      const y = leave(recompute(device, (a, b) => a.add(term(hidden(b))), [term(hidden(x)), x]));
      y.sum().backward();
      return y;
    });
    show.row({ name: "again", text: JSON.stringify(types.get(again)) });

    for (const [name, mistake] of Object.entries(mistakes)) {
      let text = "no error";
      try {
        if (name === "inModel") types.set(positions, { dp: "partial" });
        types.check(mistake);
      } catch (error) {
        text = (error as Error).message;
      }
      show.row({ name, text });
    }
    types.set(positions, { dp: "varying" });
    let refused = "";
    try {
      types.set(x, { pp: "varying" });
    } catch (error) {
      refused = (error as Error).message;
    }
    show.row({ name: "axis", text: refused });
  },
});
