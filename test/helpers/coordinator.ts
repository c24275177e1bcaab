/** Connections to a coordinator that are none: what it sends is gathered, what it hears is called. */
import type { Connection } from "../../src/platform/connection.ts";
import { type Coordinator, defaultTable } from "../../src/world/index.ts";

/** A rank's end of such a connection. */
export interface FakeLine {
  say(message: object): void;
  drop(reason: string): void;
}

/** Joins a world of two. @param onSent takes what the coordinator sends to the rank. */
export function joinOf(coordinator: Coordinator, onSent: (rank: number, message: object) => void) {
  return (rank: number): FakeLine => {
    const heard: { say: Parameters<Connection["listen"]>[0]; drop?: Parameters<Connection["listen"]>[1] }[] = [];
    coordinator.attach({
      name: `rank ${rank}`,
      send: (message) => onSent(rank, message),
      listen: (say, drop) => void heard.push({ say, drop }),
      close: () => {},
    });
    const [line] = heard;
    const place = { host: "here", path: "nowhere" };
    line.say({ type: "join", rank, size: 2, session: `${rank}`, pid: 1, place, table: defaultTable });
    return { say: (message) => line.say(message), drop: (reason) => line.drop?.(reason) };
  };
}
