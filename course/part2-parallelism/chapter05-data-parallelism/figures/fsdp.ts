// A step of stage 3 as recorded: which units are whole when a block begins, what is being gathered, what is being summed.
import { defineScript, initialize } from "worldsize";
import type { Figure, Ink, Recorded, Shape } from "worldsize/draw";
import { Decoder, llamaShape } from "worldsize/models";
import { FullyShardedDataParallel } from "worldsize/parallel";

const BLOCKS = 4;

export default defineScript({
  about: "Forward and backward of a model of four blocks, sharded over two ranks.",
  ranks: 2,
  async main({ world, device, show, now }) {
    const config = llamaShape({
      vocabularySize: 32,
      layers: BLOCKS,
      width: 16,
      heads: 2,
      ffnWidth: 32,
      maxPositions: 8,
    });
    const model = new Decoder(device, config);
    initialize(model, 0);
    const wrapped = await FullyShardedDataParallel.wrap(model, world, { units: model.layers });
    const tell = (what: string): void => {
      show.row({ what, time: now(), whole: wrapped.units.map(({ isWhole }) => Number(isWhole)).join("") });
    };
    for (const [i, block] of model.layers.entries()) {
      block.registerForwardPreHook(() => tell(`F${i}`));
      block.registerFullBackwardPreHook(() => tell(`B${i}`));
    }
    const i32 = (values: number[]) => device.tensor(values, "i32");
    const logits = model.call({ tokens: i32([1, 2, 3]), positions: i32([0, 1, 2]), starts: i32([0, 3]) });
    logits.sum().backward();
    tell("end");
    await wrapped.synchronize();
  },
});

/** What rank 0 told, and when. */
function momentsOf({ shown }: Recorded): { what: string; time: number; whole: readonly boolean[] }[] {
  return shown[0].flatMap((each) => {
    if (each.kind !== "row") return [];
    const { what, time, whole } = each.row;
    return [{ what: `${what}`, time: Number(time), whole: [...`${whole}`].map((digit) => digit === "1") }];
  });
}

/** How many operations of a kind rank 0 had called by a time. */
function calledBy({ traffic }: Recorded, kind: string, time: number): number {
  return traffic[0].events.filter((each) => each.event === "issue" && each.kind === kind && each.time <= time).length;
}

const LEFT = 10;
const UNIT = 5.8;

export const figure: Figure = {
  about:
    "Forward and backward of four blocks at stage 3: each block is gathered while the one before it computes, is whole while it computes, and is summed and given up afterwards.",
  draw(run) {
    const moments = momentsOf(run);
    const shapes: Shape[] = [];
    moments.forEach(({ what }, i) => {
      shapes.push({ kind: "text", x: LEFT + (i + 0.5) * UNIT, y: 1, text: what, anchor: "middle" });
    });
    shapes.push({ kind: "text", x: LEFT, y: 0, text: "forward of block …", style: "small", ink: "soft" });
    shapes.push({ kind: "text", x: LEFT + BLOCKS * UNIT, y: 0, text: "backward of block …", style: "small", ink: "soft" }); // biome-ignore format: one text
    const units = moments[0].whole.length;
    for (let unit = 0; unit < units; unit++) {
      const y = 3 + 2 * unit;
      shapes.push({ kind: "text", x: 0, y, text: unit === 0 ? "the rest" : `block ${unit - 1}`, ink: unit });
      moments.forEach(({ what, time, whole }, i) => {
        // Gathers become whole units in their order: one more than have become whole is on its way to the next.
        const becomes = (at: number, each: number): boolean => !!moments[at]?.whole[each] && !moments[at - 1]?.whole[each]; // biome-ignore format: one test
        const wholeSoFar = moments.slice(0, i + 1).flatMap((_, at) => whole.filter((__, each) => becomes(at, each))).length; // biome-ignore format: one count
        const coming = !whole[unit] && becomes(i + 1, unit) && calledBy(run, "allGather", time) > wholeSoFar;
        // Backward calls a sum for each unit, from the last to the first: since the moment before?
        const summed = (at: number): number => calledBy(run, "reduceScatter", at);
        const isSummed = i > 0 && units - unit > summed(moments[i - 1].time) && units - unit <= summed(time);
        const uses = what === `F${unit - 1}` || what === `B${unit - 1}`;
        const text = uses ? "runs" : whole[unit] ? "whole" : coming ? "fetch" : isSummed ? "sum" : "";
        const ink: Ink = text === "" ? "line" : unit;
        shapes.push({ kind: "cells", x: LEFT + i * UNIT, y, width: UNIT - 1, cells: [{ text, ink, strong: uses }] }); // biome-ignore format: one cell
      });
    }
    const width = LEFT + moments.length * UNIT;
    return { title: "Stage 3: units come and go", about: "", width, height: 4 + 2 * units, shapes };
  },
};
