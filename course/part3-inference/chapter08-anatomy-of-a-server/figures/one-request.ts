// The stages of one request that was served, with its times: the beginning, and below it the whole.
import type { Figure, Shape } from "worldsize/draw";
import { oneRequest as one, perToken } from "../lib/recorded.ts";

const LEFT = 14;
const COLUMNS = 41;

export const figure: Figure = {
  about: `One request of ${one.promptTokens} tokens: it is read and tokenized in ${one.tokenized} ms, waits half a millisecond, its prompt runs for ${(one.first - one.scheduled).toFixed(1)} ms, its text begins to leave at ${one.text} ms, and decoding ${one.outputTokens} tokens takes until ${one.last} ms.`,
  draw() {
    const shapes: Shape[] = [];
    const stages = [
      { name: "API, tokenizer", from: one.received, to: one.tokenized, ink: 6 },
      { name: "queue", from: one.tokenized, to: one.scheduled, ink: 0 },
      { name: "prefill", from: one.scheduled, to: one.first, ink: 1 },
      { name: "detokenizer", from: one.first, to: one.text, ink: 6 },
    ] as const;
    shapes.push({
      kind: "text",
      x: 0,
      y: 0,
      text: `Until the first text, after ${one.text.toFixed(1)} ms`,
      style: "bold",
    });
    const end = one.first + 2 * perToken;
    const at = (time: number, all: number): number => LEFT + Math.round((time / all) * COLUMNS * 4) / 4;
    for (const [i, { name, from, to, ink }] of stages.entries()) {
      const y = 2 + 2 * i;
      const [x, right] = [at(from, end), at(to, end)];
      shapes.push({ kind: "text", x: 0, y, text: name });
      shapes.push({ kind: "line", points: [[x, y], [right, y]], ink, thick: 9 }); // biome-ignore format: one line
      const text = `${(to - from).toFixed(1)} ms`;
      shapes.push({ kind: "text", x: right + 1, y, text, style: "small" });
    }
    shapes.push({
      kind: "text",
      x: 0,
      y: 11,
      text: `The whole answer: ${one.outputTokens} tokens, on a longer axis`,
      style: "bold",
    });
    const whole = [
      { name: "prefill", from: one.scheduled, to: one.first, ink: 1 },
      { name: "decode", from: one.first, to: one.last, ink: 2 },
    ] as const;
    for (const [i, { name, from, to, ink }] of whole.entries()) {
      const y = 13 + 2 * i;
      const [x, right] = [at(from, one.finished), Math.max(at(to, one.finished), at(from, one.finished) + 0.5)];
      shapes.push({ kind: "text", x: 0, y, text: name });
      shapes.push({ kind: "line", points: [[x, y], [right, y]], ink, thick: 9 }); // biome-ignore format: one line
    }
    const words = `${(one.last - one.first).toFixed(0)} ms, ${perToken.toFixed(1)} ms per token`;
    shapes.push({ kind: "text", x: LEFT + COLUMNS, y: 14, text: words, anchor: "end", style: "small" });
    shapes.push({ kind: "text", x: LEFT, y: 16, text: "0", style: "small", ink: "soft" });
    const last = `${one.finished.toFixed(0)} ms`;
    shapes.push({ kind: "text", x: LEFT + COLUMNS, y: 16, text: last, anchor: "end", style: "small", ink: "soft" });
    return { title: "One request, as it was served", about: "", width: LEFT + COLUMNS + 8, height: 17, shapes };
  },
};
