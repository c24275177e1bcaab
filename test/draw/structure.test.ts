/** Pictures of structure: hosts, groups, grids and cycles of waits say what the ranks' numbers say. */
import { describe, expect, it } from "vitest";
import {
  cycleOf,
  gridScene,
  groupsScene,
  hostsScene,
  type Member,
  returnedEarly,
  type Scene,
  sceneSvg,
  sceneText,
  sendScene,
  type Wait,
  waitsOf,
  waitsScene,
} from "../../src/draw/index.ts";
import { runProgram } from "../helpers/jobs.ts";

const words = ({ shapes }: Scene): string[] => shapes.flatMap((shape) => (shape.kind === "text" ? [shape.text] : []));
/** What stands in the box of a rank, drawn with its ink, from top to bottom. */
function boxesOf({ shapes }: Scene, rank: number): string[][] {
  return shapes.flatMap((box) => {
    if (box.kind !== "box" || box.ink !== rank) return [];
    const inside = shapes.filter(
      (shape) =>
        shape.kind === "text" && shape.y > box.y && shape.y < box.y + box.height && shape.x > box.x && shape.x < box.x + box.width, // biome-ignore format: inside of it
    );
    return [inside.map((shape) => (shape as { text: string }).text)];
  });
}
/** All shapes lie in the picture. */
function expectInside({ shapes, width, height, title, about }: Scene): void {
  expect(title.length).toBeLessThan(58);
  expect(about.length).toBeGreaterThan(20);
  for (const shape of shapes) {
    if (shape.kind === "band") expect(shape.y + shape.height).toBeLessThanOrEqual(height);
    else if (shape.kind === "line")
      for (const [x, y] of shape.points) expect(x >= 0 && x < width && y >= 0 && y < height).toBe(true);
    else {
      expect(shape.x).toBeGreaterThanOrEqual(0);
      expect(shape.x).toBeLessThan(width);
      expect(shape.y).toBeLessThan(height);
      if (shape.kind === "box") expect(shape.x + shape.width).toBeLessThanOrEqual(width);
    }
  }
}

/** Members of the groups that a real split makes. */
async function members(ranks: number, options: Record<string, unknown>): Promise<Member[]> {
  const { shown, failure } = await runProgram(
    "course/part1-distributed/chapter01-first-program/figures/programs/cut.ts",
    { ranks, options, transport: "local" },
  );
  expect(failure?.message).toBeUndefined();
  return shown.map(({ shown: what }) => (what as unknown as { row: Member }).row).sort((a, b) => a.rank - b.rank);
}

describe("groups", () => {
  it("rank 6 of two hosts with four devices each is local rank 2 on host 1", async () => {
    const scene = hostsScene(await members(8, { by: "row" }), 6);
    expectInside(scene);
    for (let rank = 0; rank < 8; rank++)
      expect(boxesOf(scene, rank)).toEqual([
        [`rank ${rank} · ${"abcdefgh"[rank]}`, `local rank ${rank % 4}`, `GPU ${rank % 4}`],
      ]);
    expect(words(scene)).toContain("RANK=6  LOCAL_RANK=2  WORLD_SIZE=8");
    expect(sceneText(scene).join("\n")).toContain("rank 6 · g");
  });

  it("world rank 4 of five is rank 2 of the even group", async () => {
    const scene = groupsScene(await members(5, { by: "parity" }), "split");
    expectInside(scene);
    expect(boxesOf(scene, 4)).toEqual([["rank 4"], ["rank 2", "was 4"]]);
    expect(boxesOf(scene, 3)).toEqual([["rank 3"], ["rank 1", "was 3"]]);
    expect(words(scene).filter((text) => text.startsWith("size"))).toEqual(["size 5", "size 3", "size 2"]);
    // Every rank's arrow ends at its box in its group's row.
    for (const shape of scene.shapes)
      if (shape.kind === "line") expect(scene.shapes.some((box) => box.kind === "box" && box.ink === shape.ink && box.y === shape.points[1][1])).toBe(true); // biome-ignore format: one test
  });

  it("eight ranks as 2 × 4: each is in a row of four and a column of two", async () => {
    const scene = gridScene(await members(8, { by: "row" }), await members(8, { by: "column" }), "grid");
    expectInside(scene);
    expect(boxesOf(scene, 6)).toEqual([["rank 6", "2 in row", "1 in col."]]);
    expect(boxesOf(scene, 1)).toEqual([["rank 1", "1 in row", "0 in col."]]);
    const frames = scene.shapes.filter((shape) => shape.kind === "box" && typeof shape.ink !== "number");
    expect(frames).toHaveLength(2 + 4);
  });
});

const wait = (rank: number, waitsFor: number): Wait => ({ rank, waitsFor, call: `recv(f32[1]) from rank ${waitsFor}`, site: "a.ts:1" }); // biome-ignore format: one line

describe("waits", () => {
  it("what was called and is not done, and the cycle among them", () => {
    const operation = (text: string, kind: "send" | "recv" | "barrier", done = false) => ({ text, kind, site: "answer.ts:3", done }); // biome-ignore format: one line
    const traffic = [
      [operation("recv(f32[1]) from rank 2", "recv", true), operation("send(f32[2]) to rank 1 with tag 3", "send")],
      [operation("send(f32[2]) to rank 2", "send")],
      [operation("barrier()", "barrier"), operation("recv(f32[2]) from rank 1", "recv")],
    ].map((operations) => ({ operations, events: [], dropped: 0 }));
    const waits = waitsOf(traffic);
    expect(waits.map(({ rank, waitsFor }) => [rank, waitsFor])).toEqual([[0, 1], [1, 2], [2, 1]]); // biome-ignore format: pairs
    expect(cycleOf(waits).map(({ rank }) => rank)).toEqual([1, 2]);
    expect(cycleOf(waits.slice(0, 2))).toEqual([]);
    expect(cycleOf([])).toEqual([]);
  });

  it.each([2, 3, 4])("a cycle of %i: an arrow from each to the next, with its call", (n) => {
    const cycle = Array.from({ length: n }, (_, rank) => wait(rank, (rank + 1) % n));
    const scene = waitsScene(cycleOf(cycle), "cycle");
    expectInside(scene);
    const arrows = scene.shapes.filter((shape) => shape.kind === "line" && shape.arrow && shape.ink === "bad");
    expect(arrows).toHaveLength(n);
    for (const { rank, call } of cycle) {
      expect(boxesOf(scene, rank)).toEqual([[`rank ${rank}`]]);
      expect(words(scene)).toContain(call);
    }
    expect(sceneSvg(scene)).toContain("var(--bad)");
  });

  it("five do not fit", () => {
    const cycle = Array.from({ length: 5 }, (_, rank) => wait(rank, (rank + 1) % 5));
    expect(() => waitsScene(cycle, "cycle")).toThrow("A cycle of 5 ranks is not drawn: 2 to 4 are.");
  });
});

describe("a send whose receive is late", () => {
  /** What two ranks recorded. */
  async function recorded(eager: number) {
    const { records, failure } = await runProgram("course/part1-distributed/chapter02-point-to-point/figures/eager.ts", { ranks: 2, transport: "local", recorded: true, eager }); // biome-ignore format: one call
    expect(failure?.message).toBeUndefined();
    return records.map(({ traffic }) => traffic);
  }

  it("waits for it by rendezvous, and returns before it when eager: both as recorded", async () => {
    const [rendezvous, eager] = [await recorded(0), await recorded(1024)];
    expect([returnedEarly(rendezvous), returnedEarly(eager)]).toEqual([false, true]);
    const runs = [
      { name: "rendezvous", traffic: rendezvous },
      { name: "eager", traffic: eager },
    ];
    const scene = sendScene("When does send return?", runs);
    expectInside(scene);
    const [waits, returns] = scene.shapes.flatMap((shape) => (shape.kind === "box" && shape.ink === 0 ? [shape] : []));
    const [receive] = scene.shapes.flatMap((shape) => (shape.kind === "box" && shape.ink === 1 ? [shape] : []));
    expect(waits.x + waits.width).toBe(receive.x + receive.width);
    expect(returns.x + returns.width).toBeLessThan(receive.x);
    expect(words(scene)).toEqual(expect.arrayContaining(["send waits", "a copy waits for the receive"]));
  });

  it("is not drawn where it was not recorded", () => {
    const none = { events: [], operations: [], dropped: 0 };
    expect(() => returnedEarly([none, none])).toThrow("No end of a recv was recorded.");
  });
});
