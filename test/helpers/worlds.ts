/** Worlds that tests run a program in: how many ranks there are, how they talk, and who runs their streams. */
import { isLong } from "./long.ts";

/** As `runProgram` takes them. */
export type World = readonly [ranks: number, transport: "local" | "shm" | "tcp", streams: "inline" | "threaded"];

/** How a test of each is called. */
export const inWorld = "%i ranks over %s, streams %s";

/**
 * Worlds by their words, `3 shm threaded`; streams are inline if nothing is said.
 * @param always such as `"2 shm, 3 tcp threaded"`. @param long those that only the long form runs, too.
 */
export function worlds(always: string, long = ""): World[] {
  return `${always},${isLong ? long : ""}`.split(",").flatMap((text): World[] => {
    if (text.trim() === "") return [];
    const [, ranks, transport, streams = "inline"] =
      /^(\d+) (local|shm|tcp)(?: (inline|threaded))?$/.exec(text.trim()) ?? [];
    if (!transport) throw new RangeError(`"${text}" is no world. Write ranks, transport, streams: 3 shm threaded.`);
    return [[Number(ranks), transport, streams] as unknown as World];
  });
}
