/** A model's first weights under a layout: how many elements a rank has, and how many are not those of one rank. */
import { defineScript, initialize, string } from "worldsize";
import { Decoder, llamaShape } from "worldsize/models";
import { ParallelDecoder, parseLayout } from "worldsize/parallel";

const config = llamaShape({
  ...{ vocabularySize: 14, width: 24, layers: 2, heads: 6, kvHeads: 2, ffnWidth: 36, maxPositions: 8 },
  tied: false,
});

/** Where an element of a box lies in the whole, both row by row. */
function placeOf(index: number, shape: readonly number[], from: readonly number[], whole: readonly number[]): number {
  let [rest, place, stride] = [index, 0, 1];
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    place += stride * (from[axis] + (rest % shape[axis]));
    rest = Math.floor(rest / shape[axis]);
    stride *= whole[axis];
  }
  return place;
}

export default defineScript({
  about: "Compares first weights with those of one rank, bit for bit.",
  options: { layout: string("dp1", "a layout") },
  async main({ world, device, options: { layout }, show }) {
    const plain = new Decoder(device, config, { meta: true });
    initialize(plain, 5);
    const whole = plain.parameters();
    const { model } = await ParallelDecoder.create(world, device, config, parseLayout(layout), { init: 5 });
    let [elements, others] = [0, 0];
    for (const [i, parameter] of model.parameters().entries()) {
      const right = await whole[i].data();
      const { shape, from } = parameter.part;
      const own = parameter.size === 0 ? [] : await parameter.data();
      elements += own.length;
      for (let e = 0; e < own.length; e++) if (own[e] !== right[placeOf(e, parameter.shape, from, shape)]) others++;
    }
    show.row({ elements, others });
  },
});
