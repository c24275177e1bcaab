/** Machines as pictures: every one of the busiest links is marked, and no line passes behind a box. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { busiestOf } from "../../src/draw/busiest.ts";
import { bottleneckOf, machineSvg, machineText } from "../../src/draw/index.ts";
import { BOX, planMachine } from "../../src/draw/machine-plan.ts";
import {
  describedMachine,
  hopName,
  layOn,
  type Machine,
  machineNames,
  machineOfTopology,
  parseTopology,
} from "../../src/sim/index.ts";

const parsed = (name: string): Machine => machineOfTopology(parseTopology(readFileSync(`test/fixtures/${name}.txt`, "utf8"))); // biome-ignore format: one call
const machines: [string, Machine][] = [
  ...machineNames.map((name): [string, Machine] => [name, describedMachine(name)]),
  ["2 dgx-h100", describedMachine("dgx-h100", 2)],
  ["3 dgx-a100", describedMachine("dgx-a100", 3)],
  ["20 servers", describedMachine("ethernet", 20)],
  ...["topo-dgx-a100", "topo-dgx1-v100", "topo-pcie-4"].map((name): [string, Machine] => [name, parsed(name)]),
];
const reds = (svg: string): number => svg.split('stroke="var(--bad)"').length - 1;

describe.each(machines)("%s", (_, machine) => {
  const { boxes, wires, width, more } = planMachine(machine);

  it("has every device and link of the nodes that are drawn, inside the picture", () => {
    const names = boxes.map(({ name }) => name);
    const nodes = Math.max(...machine.devices.map(({ node }) => node)) + 1 - more;
    expect(names).toEqual(machine.devices.filter(({ node }) => node < nodes).map(({ name }) => name));
    expect(wires).toHaveLength(machine.links.filter(({ a, b }) => names.includes(a) && names.includes(b)).length);
    for (const { x, width: wide } of boxes) {
      expect(x - wide / 2).toBeGreaterThan(0);
      expect(x + wide / 2).toBeLessThan(width);
    }
  });

  it("has no box over another, and no line behind a box that it does not end at", () => {
    for (const [i, a] of boxes.entries())
      for (const b of boxes.slice(i + 1))
        expect(Math.abs(a.y - b.y) >= BOX || Math.abs(a.x - b.x) >= (a.width + b.width) / 2).toBe(true);
    for (const { link, points } of wires) {
      const others = boxes.filter(({ name }) => name !== link.a && name !== link.b);
      for (let i = 1; i < points.length; i++) {
        const [[x0, y0], [x1, y1]] = [points[i - 1], points[i]];
        for (let t = 0; t <= 1; t += 0.02) {
          const [x, y] = [x0 + (x1 - x0) * t, y0 + (y1 - y0) * t];
          const behind = others.find((box) => Math.abs(x - box.x) < box.width / 2 && Math.abs(y - box.y) < BOX / 2);
          expect(behind && `${link.a} to ${link.b} behind ${behind.name}`).toBeUndefined();
        }
      }
    }
  });

  it("marks all of the busiest links, and no other", () => {
    const layout = layOn(machine, "ring", 64e6);
    const most = layout.loads[0].seconds;
    const bad = new Set(layout.loads.filter(({ seconds }) => Math.abs(seconds / most - 1) < 1e-9).map(({ hop }) => hopName(hop))); // biome-ignore format: one set
    expect(new Set(busiestOf(layout).map(({ hop }) => hopName(hop)))).toEqual(bad);
    const links = wires.filter(({ link: { a, b } }) => bad.has(`${a} → ${b}`) || bad.has(`${b} → ${a}`));
    expect(links.length).toBeGreaterThan(0);
    const svg = machineSvg(machine, layout);
    expect(reds(svg)).toBe(links.length);
    expect(svg).toContain(`bottleneck: ${bottleneckOf(busiestOf(layout))}`.slice(0, 40));
  });
});

it("marks nothing where nothing moves", () => {
  const machine = describedMachine("pcie-box");
  expect(reds(machineSvg(machine))).toBe(0);
  expect(busiestOf({ loads: [] })).toEqual([]);
  expect(machineText(machine).join("\n")).not.toContain("bottleneck");
});

it("of loads that differ in the last bits only, both are the busiest", () => {
  const [load, other] = layOn(describedMachine("pcie-box"), "ring", 1e6).loads;
  const loads = [load, { ...other, seconds: load.seconds * (1 - 1e-12) }, { ...other, seconds: load.seconds * 0.99 }];
  expect(busiestOf({ loads })).toEqual(loads.slice(0, 2));
});

describe("as text", () => {
  it("each of the eight NVLinks, in one line", () => {
    const machine = describedMachine("dgx-h100");
    const marked = busiestOf(layOn(machine, "ring", 64e6)).map(({ hop }) => hopName(hop));
    const lines = machineText(machine, marked).filter((line) => line.includes("bottleneck"));
    expect(lines).toEqual([expect.stringMatching(/^└─ NVSwitch ══ .* ◀ bottleneck: each of 8$/)]);
  });

  it("each of the four slots of a box without NVLink", () => {
    const machine = describedMachine("pcie-box");
    const marked = busiestOf(layOn(machine, "ring", 64e6)).map(({ hop }) => hopName(hop));
    const lines = machineText(machine, marked).filter((line) => line.includes("bottleneck"));
    expect(lines).toHaveLength(4);
    for (const line of lines) expect(line).toMatch(/GPU \d {2}\(PCIe 4 x16, 31.5 GB\/s {2}◀ bottleneck\)$/);
  });

  it("few or many of the links in a line, and one alone", () => {
    const machine = describedMachine("dgx-h100");
    const text = (...marked: string[]): string => machineText(machine, marked).at(-1) as string;
    expect(text("GPU 0 → NVSwitch")).toMatch(/◀ bottleneck: GPU 0 → NVSwitch$/);
    expect(text("GPU 0 → NVSwitch", "NVSwitch → GPU 3")).toMatch(/: GPU 0 → NVSwitch, NVSwitch → GPU 3$/);
    const five = [0, 1, 2, 3, 4].map((i) => `GPU ${i} → NVSwitch`);
    expect(text(...five)).toMatch(/◀ bottleneck: 5 of 8, such as GPU 0 → NVSwitch$/);
    expect(machineText(machine, "GPU 0 → NVSwitch").at(-1)).toBe(text("GPU 0 → NVSwitch"));
  });
});
