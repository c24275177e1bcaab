// The figures that are modules in the course's folders `figures`: `worldsize figure` shows the same in a terminal.
import { relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

export async function figures() {
  const { courseFigures, drawFigure } = await import("../../dist/testing.js");
  const { sceneSvg } = await import("../../dist/draw.js");
  const drawn = {};
  for (const { path } of courseFigures()) {
    const file = relative(root, path).replaceAll(sep, "/").replace(/\.ts$/, ".svg");
    drawn[file] = sceneSvg(await drawFigure(path));
  }
  return drawn;
}
