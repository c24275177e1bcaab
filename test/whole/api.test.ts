/** course/api.md has the whole interface of programs on one screen: nothing is missing, nothing invented. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { ProcessGroup, Tensor } from "../../src/index.ts";
import { TensorDevice } from "../../src/tensor/index.ts";
import { RankStore } from "../../src/world/index.ts";

const text = readFileSync(new URL("../../course/api.md", import.meta.url), "utf8");
const screen = text.split("```")[1];
const words = new Set(screen.match(/[A-Za-z_]\w*/g));

/** Of the layers below, or for whoever builds on them. */
const beyond: readonly string[] = [
  ...["constructor", "toString", "ref", "raw", "wrap", "release", "apply", "fused", "withTag", "fill", "at"],
  ...[
    "on",
    "storage",
    "buffer",
    "offset",
    "device",
    "id",
    "groupRank",
    "destroy",
    "version",
    "isContiguous",
    "gone",
    "moveTo",
  ],
];

function methodsOf(prototype: object): string[] {
  const own = Object.getOwnPropertyNames(prototype);
  const above: unknown = Object.getPrototypeOf(prototype);
  return above === Object.prototype ? own : [...own, ...methodsOf(above as object)];
}

it("fits a terminal", () => {
  for (const line of screen.split("\n")) expect(line.length, line).toBeLessThanOrEqual(80);
  expect(screen.split("\n").length).toBeLessThanOrEqual(48);
});

it.each([
  ["world", ProcessGroup.prototype],
  ["device", TensorDevice.prototype],
  ["a tensor", Tensor.prototype],
  ["store", RankStore.prototype],
] as const)("names everything that %s can do", (_, prototype) => {
  const missing = methodsOf(prototype).filter((name) => !words.has(name) && !beyond.includes(name));
  expect(missing).toEqual([]);
});

it("names nothing that is not there", () => {
  const known = new Set(
    [ProcessGroup, TensorDevice, Tensor, RankStore].flatMap(({ prototype }) => methodsOf(prototype)),
  );
  const others = [
    "wait",
    "line",
    "row",
    "status",
    "write",
    "table",
    "plot",
    "timeline",
    "now",
    "sleep",
    "random",
    "span",
    "spans",
  ];
  const called = [...screen.matchAll(/\b([a-z]\w*)\(/gi)].map(([, name]) => name);
  expect(called.filter((name) => !known.has(name) && !others.includes(name))).toEqual([]);
});
