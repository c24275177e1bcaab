import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, posix, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { fieldWrites } from "../helpers/field-writes.ts";

/** Folders of src/, and what each may import besides itself. Files beside them are faces over all. */
const below: Readonly<Record<string, readonly string[]>> = {
  platform: [],
  trace: [],
  device: ["platform", "trace"],
  tensor: ["platform", "trace", "device"],
  world: ["platform", "trace", "device"],
  autograd: ["platform", "trace", "device", "tensor"],
  nn: ["platform", "trace", "device", "tensor", "autograd"],
  models: ["platform", "trace", "device", "tensor", "autograd", "nn"],
  parallel: ["platform", "trace", "device", "tensor", "autograd", "world", "nn", "models", "sim"],
  serve: ["platform", "trace", "device", "tensor", "nn", "models"],
  api: ["platform", "trace", "device", "tensor", "nn", "models", "serve", "load"],
  data: ["platform"],
  load: ["platform"],
  script: ["platform", "trace", "device", "tensor", "autograd", "world"],
  job: ["platform", "trace", "device", "tensor", "autograd", "world", "script"],
  sim: ["platform", "trace", "device", "world"],
  draw: ["trace", "device", "world", "sim", "script"],
  exercise: ["platform", "trace", "device", "tensor", "autograd", "nn", "world", "script", "job"],
  cli: [
    ...["platform", "trace", "device", "tensor", "world", "script", "job", "draw", "exercise", "sim"],
    ...["autograd", "models", "serve", "api", "load"],
  ],
};
/** Folders that import no package at all. */
const bare = [
  "platform",
  "trace",
  "device",
  "tensor",
  "autograd",
  "nn",
  "models",
  "parallel",
  "serve",
  "load",
  "data",
  "world",
  "sim",
  "draw",
];

const src = fileURLToPath(new URL("../../src/", import.meta.url));
const files = readdirSync(src, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts"))
  .map((file) => file.replaceAll(sep, "/"));

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
        const node = /^(?!cli\/)[^/]+\/(?:.*\/)?node\//.test(file);
        if (bare.includes(layer) && !(node && name.startsWith("node:")))
          wrong.push(`${file} imports the package ${name}`);
        if (layer !== "cli" && !node && name.startsWith("node:"))
          wrong.push(`${file} imports ${name}: a page has no such thing`);
        continue;
      }
      const target = posix.join(posix.dirname(file), name).split("/")[0];
      if (target !== layer && !below[layer].includes(target)) wrong.push(`${file} imports ${target}`);
    }
  }
  expect(wrong).toEqual([]);
});

it("no file imports itself, however long the way round", () => {
  const targets = new Map(
    files.map((file) => [
      file,
      importsOf(file).flatMap((name) => (name.startsWith(".") ? [posix.join(posix.dirname(file), name)] : [])),
    ]),
  );
  const circles: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    const at = path.indexOf(file);
    if (at >= 0) circles.push([...path.slice(at), file].join(" → "));
    if (at >= 0 || done.has(file)) return;
    for (const target of targets.get(file) ?? []) visit(target, [...path, file]);
    done.add(file);
  };
  for (const file of files) visit(file, []);
  expect(circles).toEqual([]);
});

it("no field is written from outside of its class", () => {
  expect(fieldWrites()).toEqual([]);
});

it("a field that is written from outside is found", () => {
  const folder = `${mkdtempSync(join(tmpdir(), "fields-")).replaceAll(sep, "/")}/`;
  const file = `${folder}fields.ts`;
  writeFileSync(
    file,
    "class A { n = 0; m = 0; up() { this.n++; } }\nclass B extends A { up() { this.m = 1; } }\nnew B().n += 2;\n",
  );
  expect(fieldWrites(folder, [file])).toEqual([expect.stringMatching(/fields.ts:3 new B\(\).n of A$/)]);
  rmSync(folder, { recursive: true });
});

it("every folder says in a README what it is, briefly, and names files that are there", () => {
  for (const folder of new Set(files.filter((file) => file.includes("/")).map((file) => file.split("/")[0]))) {
    const text = readFileSync(join(src, folder, "README.md"), "utf8");
    expect(text.split("\n").length, folder).toBeLessThanOrEqual(16);
    expect(text).toMatch(/^- Refuses: .*^- Invariant: /ms);
    const named = [...text.matchAll(/`([\w./-]+(?:\.ts|\/))`/g)].map((match) => match[1]);
    for (const name of named) {
      const places = [join(src, folder, name), join(src, name)];
      expect(places.some((place) => existsSync(place)) ? "" : `${folder}/README.md names ${name}`).toBe("");
    }
  }
});

it("READING.md leads through files that are there, as many lines as it says", () => {
  const text = readFileSync(join(src, "../READING.md"), "utf8");
  const cells = [...text.matchAll(/^\| \d+ \| ([^|]*) \|/gm)].map((match) => match[1]);
  let lines = 0;
  for (const cell of cells) {
    let folder = "";
    for (const [, name] of cell.matchAll(/`([^`]+)`/g)) {
      const path = name.startsWith("src/") ? name : join(folder, name);
      if (name.startsWith("src/")) folder = dirname(name);
      lines += readFileSync(join(src, "..", path), "utf8").split("\n").length - 1;
    }
  }
  const said = Number(/about ([\d,]+) lines/.exec(text)?.[1].replace(",", ""));
  expect(Math.abs(lines - said)).toBeLessThan(150);
});

it("threads are started in one place of each platform, ranks that are processes in one, and one that reads types", () => {
  const starting = files.filter((file) => /new Worker\(|\bfork\(/.test(readFileSync(join(src, file), "utf8")));
  expect(starting.sort()).toEqual([
    "exercise/node/types/type-check.ts",
    "job/node/processes/ranks.ts",
    "platform/browser/threads.ts",
    "platform/node/threads.ts",
  ]);
});

it("nothing below the command prints", () => {
  const printing = files.filter(
    (file) => !file.startsWith("cli/") && /console\.|process\.std(out|err)/.test(readFileSync(join(src, file), "utf8")),
  );
  expect(printing).toEqual([]);
});

it("core files hold one idea: at most 300 lines", () => {
  const long = files.filter((file) => readFileSync(join(src, file), "utf8").split("\n").length > 301);
  expect(long).toEqual([]);
});

it("a failure takes one road: ranks tell the monitor, which alone judges and gives the verdict", () => {
  const who = (pattern: RegExp): string[] =>
    files.filter((file) => pattern.test(readFileSync(join(src, file), "utf8").replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, "")));
  expect(who(/(?<!function )\bdiagnose\(/)).toEqual(["world/health/monitor.ts"]);
  expect(who(/import \{[^}]*\bjudge\b/)).toEqual(["world/health/monitor.ts"]);
  expect(who(/new Monitor\(/).sort()).toEqual([
    "job/threads-watch.ts",
    "world/health/coordinator.ts",
    "world/local/hub.ts",
  ]);
  // Where a verdict ends a rank's operations: by its watch, its scheduler, or what its communication stream says.
  expect(who(/engine\.fail\(/).sort()).toEqual([
    "world/health/rank-watch.ts",
    "world/local/hub.ts",
    "world/threaded/client.ts",
  ]);
});

it("every package that the library imports comes with it", () => {
  const { dependencies, peerDependencies } = JSON.parse(readFileSync(join(src, "../package.json"), "utf8")) as Record<
    "dependencies" | "peerDependencies",
    Record<string, string>
  >;
  // Who checks the types of answers does without a compiler where there is none.
  const known = [...Object.keys(dependencies), ...Object.keys(peerDependencies), "typescript"];
  const outside = files.flatMap((file) => importsOf(file).filter((name) => /^(?!\.|node:|worldsize)/.test(name)));
  const missing = [...new Set(outside)].filter(
    (name) => !known.some((each) => name === each || name.startsWith(`${each}/`)),
  );
  expect(missing).toEqual([]);
});
