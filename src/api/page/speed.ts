/** The last steps as bars, and how fast tokens come. */
import type { LiveFrame, LiveStep } from "../live/frame.ts";
import { find, makeSvg } from "./dom.ts";
import { textOf } from "./panels.ts";

/** Steps that are shown; and milliseconds over which speed is measured. */
const [STEPS, SPAN] = [120, 2000];
const [WIDTH, HEIGHT, TOP] = [600, 72, 4];

/** Remembers what frames have said. */
export class Speed {
  #steps: LiveStep[] = [];
  #marks: { readonly at: number; readonly tokens: number }[] = [];

  /** Draws the bars and the numbers. @param at milliseconds, when the frame came. */
  draw({ steps, totals, running }: LiveFrame, at: number): void {
    this.#steps = [...this.#steps, ...steps].slice(-STEPS);
    const marks = [...this.#marks, { at, tokens: totals.generatedTokens }];
    this.#marks = marks.filter(({ at: then }) => at - then <= SPAN);
    const [first] = this.#marks;
    const perSecond = at > first.at ? ((totals.generatedTokens - first.tokens) / (at - first.at)) * 1000 : 0;
    const last = this.#steps[this.#steps.length - 1];
    const most = Math.max(...this.#steps.map(({ milliseconds }) => milliseconds));
    const step = last ? ` · last step ${last.milliseconds.toFixed(1)} ms, longest here ${most.toFixed(1)} ms` : "";
    textOf("rates", (running.count === 0 ? "at rest" : `${Math.round(perSecond)} tokens per second`) + step);
    this.#bars(Math.max(1, most));
  }

  #bars(most: number): void {
    const picture = find("steps", SVGSVGElement);
    picture.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
    picture.setAttribute("preserveAspectRatio", "none");
    const width = WIDTH / STEPS;
    const bars = this.#steps.map(({ milliseconds, prefill }, i) => {
      const height = Math.max(1, (milliseconds / most) * (HEIGHT - TOP));
      const place = { x: (STEPS - this.#steps.length + i) * width, y: HEIGHT - height, width: width - 1, height };
      return makeSvg("rect", { ...place, class: prefill > 0 ? "prefill" : "decode" });
    });
    picture.replaceChildren(...bars);
  }
}
