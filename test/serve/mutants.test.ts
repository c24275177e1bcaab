/**
 * Whoever tests the engine is tested: each mistake of `mutants.ts` is put into the engine, and the suite of
 * `conformance.ts` has to find it. The short form tries two of them; `WORLDSIZE_SHOW_FAULTS=1`
 * shows what it found.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build, type Plugin } from "esbuild";
import { afterAll, expect, it } from "vitest";
import { edited } from "../helpers/edited.ts";
import { isLong } from "../helpers/long.ts";
import type { bodies as Bodies } from "./bodies.ts";
import type { engineChecks as EngineChecks } from "./conformance.ts";
import { type Mutant, mutants } from "./mutants.ts";

const serve = fileURLToPath(new URL("../../src/serve/", import.meta.url));
const tests = fileURLToPath(new URL(".", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "mutants-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** The suite and its engines in one module, with a mistake or without. */
async function suiteWith({ name, file, edits }: Mutant, number: number) {
  const mistake: Plugin = {
    name: "mistake",
    setup(setup) {
      setup.onLoad({ filter: /\.ts$/ }, ({ path }) =>
        path === join(serve, file)
          ? { contents: edited(readFileSync(path, "utf8"), edits, name), loader: "ts" }
          : undefined,
      );
      // The module is not one of the test runner's: it is given what it expects with.
      setup.onResolve({ filter: /^vitest$/ }, () => ({ path: "vitest", namespace: "given" }));
      setup.onLoad({ filter: /./, namespace: "given" }, () => ({
        contents: "export let expect, it, describe; export const give = (given) => { expect = given; };",
      }));
    },
  };
  const outfile = join(folder, `${number}.mjs`);
  await build({
    stdin: {
      contents:
        'export { bodies } from "./bodies.ts"; export { engineChecks } from "./conformance.ts"; export { give } from "vitest";',
      resolveDir: tests,
    },
    bundle: true,
    format: "esm",
    platform: "node",
    // The suite is in its short form.
    define: { "import.meta.url": JSON.stringify(import.meta.url), "process.env.WORLDSIZE_TEST_LONG": '"0"' },
    target: "node20",
    plugins: [mistake],
    outfile,
  });
  const suite = (await import(pathToFileURL(outfile).href)) as {
    bodies: typeof Bodies;
    engineChecks: typeof EngineChecks;
    give(given: typeof expect): void;
  };
  suite.give(expect);
  return suite;
}

/** What the suite finds first; none if it passes. */
async function firstFault(mutant: Mutant, number: number): Promise<string | undefined> {
  const { bodies, engineChecks } = await suiteWith(mutant, number);
  for (const [body, make, traits] of bodies) {
    for (const { name, run } of engineChecks(make, traits)) {
      try {
        await run();
      } catch (error) {
        return `${body}, ${name}: ${(error as Error).message.split("\n")[0]}`;
      }
    }
  }
  return undefined;
}

it.skipIf(!isLong)("without a mistake the suite passes", async () => {
  expect(await firstFault({ name: "none", file: "engine/engine.ts", edits: [] }, mutants.length)).toBeUndefined();
});

const tried = mutants.filter((_, i) => isLong || i % 20 === 0);

it.each(tried.map((mutant) => [mutant.name, mutant] as const))("%s: found", async (name, mutant) => {
  const fault = await firstFault(mutant, mutants.indexOf(mutant));
  expect(fault, `${name} is not found`).toBeDefined();
  if (process.env.WORLDSIZE_SHOW_FAULTS === "1") process.stdout.write(`${name}\n    ${fault}\n`);
});
