/** Pictures of what will be: a pipeline's staircase, rails between nodes, a ladder of decisions. */
import { describe, expect, it } from "vitest";
import {
  bubbleOf,
  decisionsScene,
  pipelineScene,
  pipelineSlots,
  railsScene,
  type Scene,
} from "../../src/draw/index.ts";
import { describedMachine, type Machine } from "../../src/sim/index.ts";

const words = ({ shapes }: Scene): string[] => shapes.flatMap((shape) => (shape.kind === "text" ? [shape.text] : []));

describe("a pipeline", () => {
  it.each([
    [1, 1],
    [4, 1],
    [4, 4],
    [3, 8],
  ])("of %i stages and %i pieces keeps its order, and idles for (p - 1) / (p - 1 + m)", (stages, pieces) => {
    const slots = pipelineSlots(stages, pieces, 2);
    expect(slots).toHaveLength(stages * pieces);
    const at = (stage: number, piece: number): number => slots.find((slot) => slot.stage === stage && slot.piece === piece)?.start as number; // biome-ignore format: one look-up
    for (const { stage, piece, start } of slots) {
      if (stage > 0) expect(start).toBeGreaterThanOrEqual(at(stage - 1, piece) + 2);
      if (piece > 0) expect(start).toBeGreaterThanOrEqual(at(stage, piece - 1) + 2);
    }
    expect(bubbleOf(slots)).toBeCloseTo((stages - 1) / (stages - 1 + pieces), 12);
  });

  it("is drawn on one axis of time: whole, and in pieces", () => {
    const scene = pipelineScene(4, 4);
    expect(words(scene)).toContain("One batch: 16 units of time, 75 % idle");
    expect(words(scene)).toContain("4 micro-batches: 7 units of time, 43 % idle");
    const cells = scene.shapes.flatMap((shape) => (shape.kind === "cells" ? [shape] : []));
    expect(cells).toHaveLength(4 + 16);
    for (const { x, width } of cells) expect(x + width).toBeLessThan(scene.width);
    expect(scene.width).toBeLessThanOrEqual(58);
  });
});

/** Two nodes of four GPUs; all cards on the switch of their number, or on one. */
function pair(railOf: (i: number) => string): Machine {
  const latency = { simple: 1e-6, ll128: 1e-6, ll: 1e-6 };
  const part = { name: "link", bandwidth: 1e9, latency, source: "for this test" };
  const devices: Machine["devices"][number][] = [];
  const links: Machine["links"][number][] = [];
  for (const node of [0, 1])
    for (let i = 0; i < 4; i++) {
      const [gpu, nic] = [`node ${node} GPU ${i}`, `node ${node} NIC ${i}`];
      devices.push({ name: gpu, kind: "gpu", node }, { name: nic, kind: "nic", node });
      links.push({ a: gpu, b: nic, part }, { a: nic, b: railOf(i), part });
    }
  for (const name of new Set([0, 1, 2, 3].map(railOf))) devices.push({ name, kind: "switch", node: -1 });
  return { name: "pair", about: "for this test", devices, links };
}

describe("rails", () => {
  it("marks the cards and the switch on one GPU's way, and nothing else", () => {
    const scene = railsScene(
      pair((i) => `rail ${i}`),
      2,
    );
    expect(scene.title).toBe("GPU 2 reaches GPU 2 of the next node over rail 2");
    const marked = scene.shapes.flatMap((shape) => (shape.kind === "text" && shape.ink === 2 ? [shape.text] : []));
    expect(marked.sort()).toEqual(["GPU 2", "GPU 2", "NIC 2", "NIC 2", "rail 2"]);
    const thick = scene.shapes.filter((shape) => shape.kind === "line" && shape.ink === 2);
    expect(thick).toHaveLength(4);
    expect(words(scene).filter((text) => text.startsWith("rail"))).toHaveLength(4);
  });

  it("draws the rails of a described machine", () => {
    const scene = railsScene(describedMachine("dgx-h100", 2), 3);
    expect(words(scene).filter((text) => text === "GPU 3")).toHaveLength(2);
    expect(scene.width).toBeLessThanOrEqual(60);
  });

  it("refuses a machine without them", () => {
    const machine = pair((i) => `rail ${i}`);
    const part = machine.links[0].part;
    const links = machine.links.map((link) => (link.b === "rail 1" && link.a.startsWith("node 1") ? { ...link, b: "spine" } : link)); // biome-ignore format: one list
    const spine = { name: "spine", kind: "switch", node: -1 } as const;
    const joined = { ...machine, devices: [...machine.devices, spine], links: [...links, { a: "rail 1", b: "spine", part }] }; // biome-ignore format: one machine
    expect(() => railsScene(joined, 0)).toThrow("node 0 GPU 1 reaches its partner by way of");
  });
});

it("a ladder of decisions goes from each symptom to its remedy, and down to the next", () => {
  const decision = (i: number) => ({
    symptom: `it hurts ${i}`,
    remedy: `cure ${i}`,
    idea: "because",
    where: `ch. ${i}`,
  });
  const scene = decisionsScene("which", "which cure", [0, 1, 2].map(decision));
  expect(words(scene).filter((text) => text === "no")).toHaveLength(2);
  const arrows = scene.shapes.filter((shape) => shape.kind === "line");
  expect(arrows).toHaveLength(3 + 2);
  for (const i of [0, 1, 2]) for (const text of [`it hurts ${i}`, `cure ${i}`, `ch. ${i}`]) expect(words(scene)).toContain(text); // biome-ignore format: one line
  expect(scene.width).toBeLessThanOrEqual(60);
});
