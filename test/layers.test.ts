import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

/** Folders of src/, and what each may import besides itself. Files beside them are faces over all. */
const below: Readonly<Record<string, readonly string[]>> = {
  platform: [],
  trace: [],
  device: ["platform", "trace"],
  tensor: ["platform", "device"],
  world: ["platform", "trace", "device"],
  script: ["platform", "trace", "device", "tensor", "world"],
  sim: ["platform", "trace", "device", "world"],
  draw: ["trace", "device", "world", "sim", "script"],
  exercise: ["platform", "trace", "device", "tensor", "world", "script"],
  cli: ["platform", "trace", "device", "tensor", "world", "script", "draw", "exercise", "sim"],
};
/** Folders that import no package at all. */
const bare = ["platform", "trace", "device", "tensor", "world", "sim", "draw"];

const src = fileURLToPath(new URL("../src/", import.meta.url));
const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));

function importsOf(file: string): string[] {
  const text = readFileSync(join(src, file), "utf8");
  return [...text.matchAll(/(?:^(?:import|export|\}).* from |\bimport\(|^import )"([^"]+)"/gm)].map(
    (match) => match[1],
  );
}

it("imports only go down the layers", () => {
  const wrong: string[] = [];
  for (const file of files) {
    const layer = file.split("/")[0];
    if (!file.includes("/")) continue;
    expect(Object.keys(below)).toContain(layer);
    for (const name of importsOf(file)) {
      if (!name.startsWith(".")) {
        const node = /^platform\/node[\w-]*\.ts$/.test(file) && name.startsWith("node:");
        if (bare.includes(layer) && !node) wrong.push(`${file} imports the package ${name}`);
        continue;
      }
      const target = relative(src, join(src, dirname(file), name)).split("/")[0];
      if (target !== layer && !below[layer].includes(target)) wrong.push(`${file} imports ${target}`);
    }
  }
  expect(wrong).toEqual([]);
});

it("nothing below the command prints", () => {
  const printing = files.filter(
    (file) => !file.startsWith("cli/") && /console\.|process\.std(out|err)/.test(readFileSync(join(src, file), "utf8")),
  );
  expect(printing).toEqual([]);
});

it("core files hold one idea: at most 350 lines", () => {
  const long = files.filter((file) => readFileSync(join(src, file), "utf8").split("\n").length > 350);
  expect(long).toEqual([]);
});
