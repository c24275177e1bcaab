// The path of a request through an inference server, with the times of one that was served.
import type { Figure, Point, Scene, Shape } from "worldsize/draw";
import { oneRequest as one, perToken } from "../part3-inference/chapter08-anatomy-of-a-server/lib/recorded.ts";

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
  const ms = (time: number): string => `${time.toFixed(1)} ms`;
  shapes.push({ kind: "text", x: 0, y: 1, text: "request", style: "bold" });
  small(0, 2, "a prompt");
  arrow([9, 1], [12, 1]);
  box(13, 0, 17, 5, "tokenizer", ["text to tokens", ms(one.tokenized)], 6);
  arrow([30, 1], [36, 1]);
  box(
    37,
    0,
    21,
    6,
    "scheduler",
    ["which requests run", "in this step?", `waits ${ms(one.scheduled - one.tokenized)}`],
    0,
  );

  arrow([41, 6], [41, 9]);
  small(39, 7, "a batch", "end");
  arrow([53, 9], [53, 6]);
  small(51, 7, "next step", "end");

  shapes.push({ kind: "box", x: 5, y: 9, width: 53, height: 15, fill: "panel" });
  shapes.push({ kind: "text", x: 7, y: 10, text: "model runner", style: "bold" });
  const prompt = `${one.promptTokens} tokens: ${ms(one.first - one.scheduled)}`;
  box(7, 11, 23, 6, "prefill", ["new: whole prompt", "limited by arithmetic", prompt], 1);
  box(33, 11, 23, 6, "decode", ["running: next token", "limited by memory", `a token: ${ms(perToken)}`], 2);
  arrow([18, 17], [18, 20]);
  small(20, 18, "fills");
  arrow([42, 20], [42, 17]);
  small(40, 18, "is read", "end");
  arrow([48, 17], [48, 20]);
  small(50, 18, "grows");
  shapes.push({ kind: "box", x: 7, y: 20, width: 49, height: 3, ink: 3, fill: 3 });
  const cache = "KV cache: keys and values of every token so far";
  shapes.push({ kind: "text", x: 31, y: 21, text: cache, anchor: "middle", ink: 3 });

  arrow([47, 24], [47, 27]);
  small(45, 25, "one token per running request", "end");
  box(37, 27, 21, 5, "detokenizer", ["tokens to text", ms(one.text - one.first)], 6);
  arrow([36, 28], [21, 28]);
  shapes.push({ kind: "text", x: 0, y: 28, text: "response, streamed", style: "bold" });
  small(0, 29, "token by token");
  return {
    title: "A request on its way through an inference server",
    about:
      "A request passes the tokenizer and the scheduler; the model runner prefills its prompt once and then decodes one token per step, reading and extending the KV cache; each token leaves through the detokenizer, and the scheduler decides again",
    width: 58,
    height: 32,
    shapes,
  };
}

export const figure: Figure = {
  about:
    "A request on its way through an inference server: tokenizer, scheduler, prefill, decode, KV cache, detokenizer.",
  draw: inferenceScene,
};
