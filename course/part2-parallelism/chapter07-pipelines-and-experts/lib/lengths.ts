// How long actions take: as options say it, for a rank that has one stage. Where it has several, each is as much shorter.
import type { Durations } from "worldsize/parallel";

/** `1,1,1`: forward, and the halves of backward for inputs and for weights. */
export function readLengths(text: string): Durations | undefined {
  const values = text.split(",").map((word) => (word.trim() === "" ? Number.NaN : Number(word)));
  if (values.length !== 3 || !values.every((value) => value > 0 && value <= 1e6)) return undefined;
  const [F, I, W] = values;
  return { F, I, W };
}

/** What is wrong with lengths, as a sentence. */
export function checkLengths(text: string): string | undefined {
  if (readLengths(text)) return undefined;
  return `--lengths ${JSON.stringify(text)} are not three lengths above 0: give those of F, I and W, such as 1,1,1 or 1,0.5,0.5.`;
}

/** Lengths of one of so many stages of a rank. */
export function shared({ F, I, W }: Durations, stages: number): Durations {
  return { F: F / stages, I: I / stages, W: W / stages };
}

/** `1 rank`, `3 ranks`, `2 micro-batches`. */
export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : what.endsWith("ch") ? "es" : "s"}`;
}
