/**
 * A pipeline's staircase: which stage works on which micro-batch when, in ideal time. All stages are
 * equal, half a batch takes half the time, and messages take none.
 */
import type { Scene, Shape } from "../scene.ts";

/** One piece of work: `start` and `length` in units of the smallest piece that is drawn. */
export interface Slot {
  readonly stage: number;
  readonly piece: number;
  readonly start: number;
  readonly length: number;
}

/** Each stage does its pieces in order, each as soon as the stage before has handed it on. */
export function pipelineSlots(stages: number, pieces: number, length: number): Slot[] {
  return Array.from({ length: stages }, (_, stage) =>
    Array.from({ length: pieces }, (__, piece) => ({ stage, piece, start: (stage + piece) * length, length })),
  ).flat();
}

/** Share of all stages' time, until the last one ends, in which they have nothing to do. */
export function bubbleOf(slots: readonly Slot[]): number {
  const end = Math.max(...slots.map(({ start, length }) => start + length));
  const stages = new Set(slots.map(({ stage }) => stage)).size;
  return 1 - slots.reduce((sum, { length }) => sum + length, 0) / (stages * end);
}

const LEFT = 8;

/** One batch above, the same batch in pieces below, on one axis of time. */
export function pipelineScene(stages: number, pieces: number): Scene {
  const cell = Math.max(3, Math.floor(48 / (stages * pieces)));
  const shapes: Shape[] = [];
  const panel = (top: number, count: number): void => {
    const slots = pipelineSlots(stages, count, pieces / count);
    const end = Math.max(...slots.map(({ start, length }) => start + length));
    const name = count === 1 ? "One batch" : `${count} micro-batches`;
    const idle = `${Math.round(100 * bubbleOf(slots))} % idle`;
    shapes.push({ kind: "text", x: 0, y: top, text: `${name}: ${end} units of time, ${idle}`, style: "bold" });
    for (let stage = 0; stage < stages; stage++) {
      const y = top + 2 + 2 * stage;
      shapes.push({ kind: "text", x: 0, y, text: `rank ${stage}`, ink: stage });
      const own = slots.filter((slot) => slot.stage === stage);
      const [first, last] = [own[0].start, own[count - 1].start + own[count - 1].length];
      for (const [from, to] of [[0, first], [last, end]]) // biome-ignore format: idle before, idle after
        if (to > from) shapes.push({ kind: "line", points: [[LEFT + from * cell, y], [LEFT + to * cell - 1, y]], ink: "soft", dashed: true, thick: 1.2 }); // biome-ignore format: a way
    }
    for (const { stage, piece, start, length } of slots) {
      const [x, y] = [LEFT + start * cell, top + 1 + 2 * stage];
      shapes.push({ kind: "cells", x, y: y + 1, width: length * cell - 1, cells: [{ text: count === 1 ? "whole batch" : `${piece}`, ink: stage, strong: true }] }); // biome-ignore format: one cell
    }
  };
  panel(0, 1);
  panel(2 * stages + 3, pieces);
  const foot = 4 * stages + 6;
  shapes.push({ kind: "line", points: [[LEFT, foot], [LEFT + stages * pieces * cell, foot]], arrow: true }); // biome-ignore format: one way
  shapes.push({ kind: "text", x: LEFT, y: foot + 1, text: "ideal time: equal stages, messages free", style: "small", ink: "soft" }); // biome-ignore format: one text
  return {
    title: `${stages} stages, one batch: whole, and cut in ${pieces}`,
    about: `A batch passes ${stages} pipeline stages one after the other; cut in ${pieces} micro-batches, the stages work at the same time`,
    width: LEFT + stages * pieces * cell + 2,
    height: foot + 2,
    shapes,
  };
}
