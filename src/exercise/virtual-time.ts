/**
 * How long a run's messages would take on described links: what the ranks did is played again on a
 * clock that nothing disturbs, so that answers can be compared on any machine. The model is that of
 * sim/virtual.ts: a message starts when both sides have posted it and the sender's way out and the
 * receiver's way in are free; it takes alpha + bytes × beta. Calculating takes no time.
 */
import type { RankTraffic, TrafficEvent } from "../world/index.ts";

/** Seconds before a message's first byte, and for each byte. */
export interface VirtualLink {
  readonly alpha: number;
  readonly beta: number;
}

interface Message {
  readonly from: number;
  readonly to: number;
  readonly bytes: number;
  /** When each side has posted it. */
  sent?: number;
  received?: number;
  end?: number;
}

/** What a rank does next, and when. */
interface Player {
  readonly events: readonly TrafficEvent[];
  at: number;
  clock: number;
  /** Operations that somebody awaits, and those of them that had ended when the next one was called. */
  readonly awaited: Set<number>;
  readonly waits: Set<number>;
  /** By operation. */
  readonly messages: Map<number, Message>;
}

/** @returns seconds until the last rank is done; undefined for a run with collectives, whose inner waits nobody has recorded. */
export function virtualSeconds(traffic: readonly RankTraffic[], link: VirtualLink): number | undefined {
  const isPlain = traffic.every(
    ({ operations, dropped }) =>
      dropped === 0 && operations.every(({ kind, done }) => done && (kind === "send" || kind === "recv")),
  );
  if (!isPlain) return undefined;
  const players = traffic.map(
    ({ events }): Player => ({ events, at: 0, clock: 0, awaited: new Set(), waits: new Set(), messages: new Map() }),
  );
  const all: Message[] = [];
  const open = new Map<string, Message[]>();
  /** The message that an event belongs to: messages of the same ranks and tag meet in their order. */
  const meet = (rank: number, { event, peer = 0, tag = 0, group, bytes = 0 }: TrafficEvent): Message => {
    const [from, to] = event === "send" ? [rank, peer] : [peer, rank];
    const key = `${from}>${to}:${group}:${tag}`;
    const list = open.get(key) ?? [];
    open.set(key, list);
    const found = list.find((each) => (event === "send" ? each.sent : each.received) === undefined);
    if (found) return found;
    const made: Message = { from, to, bytes };
    list.push(made);
    all.push(made);
    return made;
  };
  /** Lets a rank go on until it waits for a message that has no end yet. */
  const play = (player: Player, rank: number): void => {
    for (; player.at < player.events.length; player.at++) {
      const event = player.events[player.at];
      const { operation } = event;
      if (event.event === "await") player.awaited.add(operation);
      else if (event.event === "end" && player.awaited.has(operation)) player.waits.add(operation);
      else if (event.event === "issue") {
        for (const waited of player.waits) {
          const end = player.messages.get(waited)?.end;
          if (end === undefined) return;
          player.clock = Math.max(player.clock, end);
          player.waits.delete(waited);
        }
      } else if (event.event === "send" || event.event === "recv") {
        const message = meet(rank, event);
        message[event.event === "send" ? "sent" : "received"] = player.clock;
        player.messages.set(operation, message);
      }
    }
  };
  const out = traffic.map(() => 0);
  const into = traffic.map(() => 0);
  for (;;) {
    players.forEach(play);
    let next: { message: Message; start: number } | undefined;
    for (const message of all) {
      const { sent, received, end, from, to } = message;
      if (end !== undefined || sent === undefined || received === undefined) continue;
      const start = Math.max(sent, received, out[from], into[to]);
      if (!next || start < next.start) next = { message, start };
    }
    if (!next) break;
    const { message, start } = next;
    message.end = start + link.alpha + message.bytes * link.beta;
    out[message.from] = message.end;
    into[message.to] = message.end;
  }
  return players.every(({ at, events }) => at === events.length)
    ? Math.max(0, ...all.map(({ end = 0 }) => end))
    : undefined;
}
