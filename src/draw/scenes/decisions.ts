/** A ladder of decisions: from the symptom to the remedy, read from the top, left at the first line that fits. */
import type { Scene, Shape } from "../scene.ts";

/** A rung: what hurts, and what helps. */
export interface Decision {
  readonly symptom: string;
  /** The remedy's name, and the idea behind it. */
  readonly remedy: string;
  readonly idea: string;
  /** Where it is taught. */
  readonly where: string;
}

const ROW = 4;
const [LEFT, RIGHT] = [30, 26];

/** @returns two columns of boxes, symptoms and remedies, with a way down and ways across. */
export function decisionsScene(title: string, about: string, decisions: readonly Decision[]): Scene {
  const right = LEFT + 3;
  const shapes = decisions.flatMap(({ symptom, remedy, idea, where }, i): Shape[] => {
    const y = i * ROW;
    const across: Shape = { kind: "line", points: [[LEFT, y + 1], [right - 1, y + 1]], ink: i, arrow: true }; // biome-ignore format: a way
    const down: Shape = { kind: "line", points: [[4, y + 2], [4, y + ROW]], arrow: true }; // biome-ignore format: a way
    return [
      { kind: "box", x: 0, y, width: LEFT, height: 3 },
      { kind: "text", x: 1, y: y + 1, text: symptom },
      across,
      { kind: "box", x: right, y, width: RIGHT, height: 4, ink: i, fill: i },
      { kind: "text", x: right + 1, y: y + 1, text: remedy, style: "bold", ink: i },
      { kind: "text", x: right + RIGHT - 2, y: y + 1, text: where, anchor: "end", style: "small", ink: "soft" },
      { kind: "text", x: right + 1, y: y + 2, text: idea, style: "small", ink: "soft" },
      ...(i < decisions.length - 1
        ? [down, { kind: "text", x: 6, y: y + 3, text: "no", style: "small", ink: "soft" } as const]
        : []),
    ];
  });
  return { title, about, width: right + RIGHT, height: decisions.length * ROW, shapes };
}
