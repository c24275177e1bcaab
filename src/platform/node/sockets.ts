/**
 * What sockets are like on a system.
 *
 * On Windows the ranks of one machine meet at ports of loopback. Named pipes would be the other
 * way. They would gain nothing: a thread can read neither by a descriptor; all users share the
 * pipes' names, so their handshake is needed there as well; and no other system has them, whereas
 * loopback is the same everywhere, and so are its tests.
 */
import { type System, thisSystem } from "./system.ts";

/**
 * Bytes of the longest path that a Unix socket can have: the system's field, less its closing
 * zero. Node cuts a longer path without a word, and the socket is made somewhere else.
 * @returns undefined where sockets have no paths (Windows).
 */
export function longestSocketPath({ platform }: Pick<System, "platform"> = thisSystem()): number | undefined {
  if (platform === "win32") return undefined;
  return platform === "linux" ? 107 : 103;
}

/** Of which kinds sockets between processes of one machine can be, the usual one first. */
export function socketKinds(system: Pick<System, "platform"> = thisSystem()): readonly ("unix" | "tcp")[] {
  return longestSocketPath(system) === undefined ? ["tcp"] : ["unix", "tcp"];
}

/** Whether a thread can read and write a socket by its descriptor, past the event loop that opened it. */
export function hasDescriptors({ platform }: Pick<System, "platform"> = thisSystem()): boolean {
  return platform !== "win32";
}
