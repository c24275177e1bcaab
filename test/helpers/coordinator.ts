/** Connections to a coordinator that are none: what it sends is gathered, what it hears is called. */
import type { Connection } from "../../src/platform/connection.ts";
import { type Coordinator, defaultTable } from "../../src/world/index.ts";

/** Joins a world of two. @param onSent takes what the coordinator sends to the rank. */
export function joinOf(coordinator: Coordinator, onSent: (rank: number, message: object) => void) {
  return (rank: number): Connection => {
    const nothing = (): void => {};
    const connection = {
      name: `rank ${rank}`,
      send: (message: object) => onSent(rank, message),
      onMessage: nothing as Connection["onMessage"],
      onClose: nothing as Connection["onClose"],
      close: nothing,
    };
    coordinator.attach(connection);
    const place = { host: "here", path: "nowhere" };
    connection.onMessage({ type: "join", rank, size: 2, session: `${rank}`, pid: 1, place, table: defaultTable });
    return connection;
  };
}
