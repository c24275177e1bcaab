/**
 * When a send returns: one message whose receiver is late, on two lanes of time. Whether the send ended
 * before its receive was called is read from what the two ranks recorded; the rest follows from it.
 */
import type { RankTraffic } from "../../world/index.ts";
import type { Scene, Shape } from "../scene.ts";

/** A recorded run of a send by rank 0 and its receive by rank 1, and what to call it. */
export interface SendRun {
  readonly name: string;
  readonly traffic: readonly RankTraffic[];
}

/** @returns whether the send was done before its receive was called. @throws RangeError when either was not called, or did not end. */
export function returnedEarly([sender, receiver]: readonly RankTraffic[]): boolean {
  const at = ({ events }: RankTraffic, what: "issue" | "end", kind: "send" | "recv"): number => {
    const found = events.find((event) => event.event === what && event.kind === kind);
    if (!found) throw new RangeError(`No ${what} of a ${kind} was recorded.`);
    return found.time;
  };
  at(receiver, "end", "recv");
  return at(sender, "end", "send") < at(receiver, "issue", "recv");
}

/** Columns: where lanes begin, where an early send ends, where the receive is called and ends, where lanes end. */
const [START, EARLY, CALLED, DONE, END] = [9, 19, 36, 47, 57];
const PANEL = 13;

/** One panel for each run, on the same axis of time. */
export function sendScene(title: string, runs: readonly SendRun[]): Scene {
  const shapes = runs.flatMap(({ name, traffic }, i): Shape[] => {
    const early = returnedEarly(traffic);
    const top = i * PANEL;
    const [sends, receives] = [top + 2, top + 8];
    const until = early ? EARLY : DONE;
    const lane = (rank: number, y: number): Shape => ({ kind: "text", x: 0, y: y + 1, text: `rank ${rank}`, style: "bold", ink: rank }); // biome-ignore format: one text
    const busy = (from: number, to: number, y: number, text: string): Shape[] => [
      { kind: "line", points: [[from, y + 1], [to, y + 1]], ink: "soft", dashed: true, thick: 1.2 }, // biome-ignore format: one way
      { kind: "text", x: from + 1, y, text, style: "small", ink: "soft" },
    ];
    const call = (rank: number, from: number, to: number, y: number, text: string): Shape[] => [
      { kind: "box", x: from, y, width: to - from + 1, height: 3, ink: rank, fill: rank },
      { kind: "text", x: Math.floor((from + to) / 2), y: y + 1, text, anchor: "middle", style: "code", ink: rank },
    ];
    const travels: Shape[] = early
      ? [
          { kind: "line", points: [[14, sends + 3], [14, sends + 4], [41, sends + 4], [41, receives - 1]], ink: 0, arrow: true }, // biome-ignore format: one way
          { kind: "text", x: 16, y: sends + 3, text: "a copy waits for the receive", style: "small", ink: "soft" },
        ]
      : [
          { kind: "line", points: [[41, sends + 3], [41, receives - 1]], ink: 0, arrow: true }, // biome-ignore format: one way
          { kind: "text", x: 39, y: sends + 4, text: "the bytes, now", anchor: "end", style: "small", ink: "soft" },
        ];
    return [
      { kind: "text", x: 0, y: top, text: name, style: "bold" },
      lane(0, sends),
      ...call(0, START, until, sends, early ? "send" : "send waits"),
      ...busy(until + 1, END, sends, early ? "goes on, and may write to its tensor" : "goes on"),
      lane(1, receives),
      ...busy(START, CALLED - 1, receives, "busy with something else"),
      ...call(1, CALLED, DONE, receives, "recv"),
      ...busy(DONE + 1, END, receives, "goes on"),
      ...travels,
    ];
  });
  const about = runs.map(({ name, traffic }) => `${name}: ${returnedEarly(traffic) ? "the send returns before the receive is called, from a copy" : "the send returns when the receive has taken the bytes"}`).join("; "); // biome-ignore format: one sentence
  return { title, about, width: END + 1, height: runs.length * PANEL - 1, shapes };
}
