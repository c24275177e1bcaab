// The path of a request through an inference server.
import type { Figure, Point, Scene, Shape } from "worldsize/draw";

function inferenceScene(): Scene {
  const shapes: Shape[] = [];
  const small = (x: number, y: number, text: string, anchor: "start" | "middle" | "end" = "start") =>
    shapes.push({ kind: "text", x, y, text, anchor, style: "small", ink: "soft" });
  const box = (x: number, y: number, width: number, height: number, name: string, lines: string[], ink: number) => {
    const middle = x + (width - 1) / 2;
    shapes.push({ kind: "box", x, y, width, height, ink, fill: ink });
    shapes.push({ kind: "text", x: middle, y: y + 1, text: name, anchor: "middle", style: "bold", ink });
    for (const [i, text] of lines.entries()) small(middle, y + 2 + i, text, "middle");
  };
  const arrow = (...points: Point[]) => shapes.push({ kind: "line", points, arrow: true });

  // Text comes in at the top left and leaves at the bottom left; the loop at the right runs once per token.
  shapes.push({ kind: "text", x: 0, y: 1, text: "request", style: "bold" });
  small(0, 2, "a prompt");
  arrow([9, 1], [12, 1]);
  box(13, 0, 17, 4, "tokenizer", ["text to tokens"], 6);
  arrow([30, 1], [36, 1]);
  box(37, 0, 21, 5, "scheduler", ["which requests run", "in this step?"], 0);

  arrow([41, 5], [41, 8]);
  small(39, 6, "a batch", "end");
  arrow([53, 8], [53, 5]);
  small(51, 6, "next step", "end");

  shapes.push({ kind: "box", x: 5, y: 8, width: 53, height: 14, fill: "panel" });
  shapes.push({ kind: "text", x: 7, y: 9, text: "model runner", style: "bold" });
  box(7, 10, 23, 5, "prefill", ["new: whole prompt", "limited by arithmetic"], 1);
  box(33, 10, 23, 5, "decode", ["running: next token", "limited by memory"], 2);
  arrow([18, 15], [18, 18]);
  small(20, 16, "fills");
  arrow([42, 18], [42, 15]);
  small(40, 16, "is read", "end");
  arrow([48, 15], [48, 18]);
  small(50, 16, "grows");
  shapes.push({ kind: "box", x: 7, y: 18, width: 49, height: 3, ink: 3, fill: 3 });
  const cache = "KV cache: keys and values of every token so far";
  shapes.push({ kind: "text", x: 31, y: 19, text: cache, anchor: "middle", ink: 3 });

  arrow([47, 22], [47, 25]);
  small(45, 23, "one token per running request", "end");
  box(37, 25, 21, 4, "detokenizer", ["tokens to text"], 6);
  arrow([36, 26], [21, 26]);
  shapes.push({ kind: "text", x: 0, y: 26, text: "response, streamed", style: "bold" });
  small(0, 27, "token by token");
  return {
    title: "A request on its way through an inference server",
    about:
      "A request passes the tokenizer and the scheduler; the model runner prefills its prompt once and then decodes one token per step, reading and extending the KV cache; each token leaves through the detokenizer, and the scheduler decides again",
    width: 58,
    height: 29,
    shapes,
  };
}

export const figure: Figure = {
  about:
    "A request on its way through an inference server: tokenizer, scheduler, prefill, decode, KV cache, detokenizer.",
  draw: inferenceScene,
};
