// One backward and the sums of its gradients on ideal time: in turns, overlapped, and overlapped over a link half as fast.
import type { Figure, Shape } from "worldsize/draw";

/** Blocks of the model; a bucket for each. */
const BLOCKS = 4;
const LEFT = 10;
/** Columns of a unit of time: backward of a block takes one. */
const UNIT = 5;

/** A bucket's message. */
interface Sent {
  readonly start: number;
  readonly end: number;
}

/** When buckets travel, each for so long: as they fill, one after the other. @param from the earliest. */
function sentAt(each: number, from: number): Sent[] {
  const sent: Sent[] = [];
  for (let bucket = 0; bucket < BLOCKS; bucket++) {
    const start = Math.max(from, bucket + 1, sent[bucket - 1]?.end ?? 0);
    sent.push({ start, end: start + each });
  }
  return sent;
}

/** A way to do it: when backward ends, and when the last message does. */
const ways = [
  { title: "In turns: messages after backward", sent: sentAt(1, BLOCKS) },
  { title: "Overlapped: each bucket leaves when it is full", sent: sentAt(1, 0) },
  { title: "Overlapped, over a link half as fast", sent: sentAt(2, 0) },
];

export const figure: Figure = {
  about:
    "Backward of four blocks, the last one first, and the sum of each block's gradients: in turns it takes 8 units of time, overlapped 5.",
  draw() {
    const shapes: Shape[] = [];
    ways.forEach(({ title, sent }, i) => {
      const top = 7 * i;
      const end = Math.max(...sent.map((each) => each.end));
      const messages = sent.reduce((sum, each) => sum + each.end - each.start, 0);
      const turns = BLOCKS + messages;
      const share = Math.round((100 * (turns - end)) / Math.min(BLOCKS, messages));
      const hidden = share > 0 ? `${end} units; (${turns} - ${end}) / ${Math.min(BLOCKS, messages)} = ${share} % hidden` : `${end} units of time`; // biome-ignore format: one choice
      shapes.push({ kind: "text", x: 0, y: top, text: title, style: "bold" });
      shapes.push({ kind: "text", x: 0, y: top + 1, text: hidden, style: "small", ink: "soft" });
      shapes.push({ kind: "text", x: 0, y: top + 3, text: "backward", ink: "soft" });
      shapes.push({ kind: "text", x: 0, y: top + 5, text: "link", ink: "soft" });
      sent.forEach(({ start, end: until }, bucket) => {
        const block = BLOCKS - 1 - bucket;
        const at = (y: number, from: number, to: number, text: string): Shape => {
          const width = (to - from) * UNIT - 1;
          return { kind: "cells", x: LEFT + from * UNIT, y, width, cells: [{ text, ink: bucket, strong: true }] };
        };
        shapes.push(at(top + 3, bucket, bucket + 1, `g${block}`), at(top + 5, start, until, `Σ${block}`));
      });
    });
    const foot = 7 * ways.length;
    const width = LEFT + 9 * UNIT;
    shapes.push({ kind: "line", points: [[LEFT, foot], [width, foot]], arrow: true }); // biome-ignore format: one way
    const text = "ideal time: g3 is gradients of the last block, Σ3 their sum";
    shapes.push({ kind: "text", x: LEFT, y: foot + 1, text, style: "small", ink: "soft" });
    return { title: "Buckets leave while backward goes on", about: "", width: width + 2, height: foot + 2, shapes };
  },
};
