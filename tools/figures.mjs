// `npm run figures`: draws the course's pictures anew, from runs of its programs and on virtual time.
// They are kept in git, so that a forge can show them; test/whole/figures.test.ts draws them again and compares.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { prepare } from "./setup.mjs";

const root = fileURLToPath(new URL("../", import.meta.url));

/** Where pictures come from: each has a function `figures` that gives SVG files by path. */
const sources = ["./figures/scenes.mjs", "./figures/machines.mjs"];

/** Every picture: its path, and its text. */
export async function drawFigures() {
  const drawn = {};
  for (const source of sources) {
    const { figures } = await import(source);
    for (const [path, svg] of Object.entries(await figures())) {
      if (path in drawn) throw new Error(`${path} is drawn twice, the second time by ${source}.`);
      drawn[path] = svg;
    }
  }
  return drawn;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await prepare({ development: false });
  for (const [path, svg] of Object.entries(await drawFigures())) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), svg);
    console.log(`${path} (${(svg.length / 1024).toFixed(1)} KiB)`);
  }
}
