import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { drawFigures } from "../../tools/figures.mjs";

it("the course's pictures are what its programs draw: npm run figures", async () => {
  const drawn = await drawFigures();
  expect(Object.keys(drawn).length).toBeGreaterThan(10);
  for (const [path, svg] of Object.entries(drawn))
    expect(`${path}\n${readFileSync(path, "utf8")}`).toBe(`${path}\n${svg}`);
}, 60_000);
