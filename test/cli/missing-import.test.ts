/** A program that forgot its import hears which line is missing, wherever it notices. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import * as worldsize from "../../src/index.ts";
import { importable, missingImport } from "../../src/script/missing-import.ts";

const folder = mkdtempSync(join(tmpdir(), "worldsize-import-"));
afterAll(() => rmSync(folder, { recursive: true }));

function run(text: string) {
  const file = join(folder, "mine.ts");
  writeFileSync(file, text);
  const { status, stderr } = spawnSync(process.execPath, ["bin/worldsize.mjs", "run", file], {
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1" },
  });
  return { status, stderr };
}

it("knows every value that worldsize exports", () => {
  expect([...importable].sort()).toEqual(Object.keys(worldsize).sort());
});

it("defineScript without an import: the line, where the program is loaded", () => {
  const { status, stderr } = run('export default defineScript({ about: "x", async main() {} });\n');
  expect(stderr).toContain("could not be loaded: ReferenceError: defineScript is not defined");
  expect(stderr).toContain('The import is missing. Write at the top: import { defineScript } from "worldsize";');
  expect(status).toBe(2);
});

it("a name that is used only in main: the line, where the rank fails", () => {
  const text = `import { defineScript } from "worldsize";
export default defineScript({ about: "x", ranks: 1, async main() { functional.length; } });`;
  const { status, stderr } = run(text);
  expect(stderr).toContain('Write at the top: import { functional } from "worldsize";');
  expect(status).toBe(1);
});

it("other names get no such advice", () => {
  expect(missingImport(new ReferenceError("defineScrpt is not defined"))).toBe("");
  expect(missingImport(new TypeError("defineScript is not defined"))).toBe("");
  expect(missingImport(new ReferenceError("Can't find variable: number"))).toContain("import { number }");
});
