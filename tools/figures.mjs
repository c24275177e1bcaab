// `npm run figures`: draws the course's pictures anew. Each is a module in a folder `figures` of the course, which
// runs a program, lays an algorithm on a machine, or computes curves; `worldsize figure` shows the same in a terminal.
// They are kept in git, so that a forge can show them; test/whole/figures.test.ts draws them again and compares.
import { writeFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { prepare } from "./setup.mjs";

const root = fileURLToPath(new URL("../", import.meta.url));

/** Every picture: its path, and its text. */
export async function drawFigures() {
  const { courseFigures, drawFigure } = await import("../dist/testing.js");
  const drawn = {};
  for (const { path } of courseFigures()) {
    const file = relative(root, path).replaceAll(sep, "/").replace(/\.ts$/, ".svg");
    drawn[file] = (await drawFigure(path)).svg();
  }
  return drawn;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await prepare({ development: false });
  for (const [path, svg] of Object.entries(await drawFigures())) {
    writeFileSync(join(root, path), svg);
    console.log(`${path} (${(svg.length / 1024).toFixed(1)} KiB)`);
  }
}
