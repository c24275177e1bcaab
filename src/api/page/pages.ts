/** The pool as a grid: a square for each page, in the colour of who holds it. */
import type { LivePages } from "../live/frame.ts";
import { find } from "./dom.ts";
import { textOf } from "./panels.ts";

/** Pixels from one square to the next, at least and at most; and how high the grid may be. */
const [LEAST, MOST, HEIGHT] = [3, 14, 120];

/** Squares that are drawn at least; what is behind the last page in use is left out, as it is all free. */
const FEWEST = 256;

/** Draws the pool. */
export function drawPages({ size, counts, perCell, states, holders }: LivePages): void {
  const { free, idle, shared, own } = counts;
  textOf("size", `${free + idle + shared + own} pages of ${size} tokens`);
  const used = states.search(/f*$/);
  const drawn = Math.min(states.length, 2 ** Math.ceil(Math.log2(Math.max(FEWEST, used))));
  const rest = free + idle + shared + own - drawn * perCell;
  const behind = rest > 0 ? ` Behind these, ${rest} more are free.` : "";
  const cell = perCell === 1 ? "" : ` A square stands for ${perCell} pages.`;
  textOf(
    "counts",
    `In colour: ${own} that sequences hold, and ${shared} with a dot that the cache holds, too. Grey: ${idle} that the cache alone holds. Empty: ${free} free.${behind}${cell}`,
  );
  const canvas = find("pages", HTMLCanvasElement);
  const context = canvas.getContext("2d");
  if (!context) return;
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string): string => style.getPropertyValue(name);
  const width = canvas.clientWidth;
  const step = Math.max(LEAST, Math.min(MOST, Math.sqrt((width * HEIGHT) / drawn)));
  const columns = Math.max(1, Math.floor(width / step));
  const height = Math.ceil(drawn / columns) * step;
  const ratio = devicePixelRatio;
  canvas.style.height = `${height}px`;
  [canvas.width, canvas.height] = [Math.round(width * ratio), Math.round(height * ratio)];
  context.scale(ratio, ratio);
  for (let i = 0; i < drawn; i++) {
    const [x, y] = [(i % columns) * step, Math.floor(i / columns) * step];
    const state = states[i];
    context.fillStyle = colour(state === "f" ? "--panel" : state === "i" ? "--soft" : `--c${holders[i]}`);
    context.fillRect(x, y, step - 1, step - 1);
    if (state !== "s") continue;
    context.fillStyle = colour("--page");
    context.fillRect(x + step / 2 - 1.5, y + step / 2 - 1.5, 2, 2);
  }
}
