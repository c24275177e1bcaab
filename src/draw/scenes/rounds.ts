/**
 * The rounds of a run: which messages can travel at once. A message starts when both sides have posted
 * it, its sender's way out and its receiver's way in are free, and everything that either side had waited
 * for has come; every message takes one round. What ranks really did is played again so, whatever their
 * threads' timing was. holdings.ts says what each rank held in between.
 */
import type { Glimpse, RankTraffic, TrafficEvent, TrafficOperation } from "../../world/index.ts";

/** A message, and where it stands in the logs of both ranks. */
export interface RoundMessage {
  readonly from: number;
  readonly to: number;
  readonly bytes: number;
  /** The operation of its sender. */
  readonly operation: TrafficOperation;
  /** Places of its events in the logs of its sender and of its receiver. */
  readonly sent: number;
  readonly received: number;
  /** What it carries: elements of the sender's buffer; of a run that was looked at. */
  readonly part?: Glimpse;
  /** Where it goes: elements of the receiver's buffer, as they were before. */
  readonly into?: Glimpse;
}

/** A run as rounds. */
export interface Rounds {
  readonly ranks: number;
  readonly rounds: readonly (readonly RoundMessage[])[];
}

/** A message on its way through the replay. */
interface Message {
  readonly from: number;
  readonly to: number;
  sent?: number;
  received?: number;
  /** The round in which both sides had posted it. */
  posted?: number;
  done?: boolean;
}

interface Player {
  at: number;
  readonly awaited: Set<number>;
  /** By operation: what it has posted so far, in order; and the operations that ended. */
  readonly messages: Map<number, Message[]>;
  readonly ended: Set<number>;
}

/**
 * @param traffic of each rank; of messages, not of reads and writes in shared memory.
 * @param atOnce whether a rank may send and receive any number of messages in one round.
 * @returns the rounds; messages that never met are left out.
 */
export function roundsOf(traffic: readonly RankTraffic[], { atOnce = false } = {}): Rounds {
  const players = traffic.map((): Player => ({ at: 0, awaited: new Set(), messages: new Map(), ended: new Set() }));
  const open = new Map<string, Message[]>();
  const all: Message[] = [];
  const rounds: RoundMessage[][] = [];
  /** The message that an event belongs to: those of the same ranks, operation and tag meet in their order. */
  const meet = (rank: number, { event, peer = 0, group, seq, tag = 0 }: TrafficEvent, at: number): Message => {
    const [from, to, side] = event === "send" ? ([rank, peer, "sent"] as const) : ([peer, rank, "received"] as const);
    const key = `${from}>${to}:${group}:${seq}:${tag}`;
    const list = open.get(key) ?? [];
    open.set(key, list);
    let message = list.find((each) => each[side] === undefined);
    if (!message) {
      message = { from, to };
      list.push(message);
      all.push(message);
    }
    message[side] = at;
    if (message.sent !== undefined && message.received !== undefined) message.posted = rounds.length;
    return message;
  };
  /** Lets a rank go on until it waits for a message that has not come. */
  const play = (player: Player, rank: number): void => {
    const { events } = traffic[rank];
    for (; player.at < events.length; player.at++) {
      const event = events[player.at];
      const own = player.messages.get(event.operation) ?? [];
      if (event.event === "await") player.awaited.add(event.operation);
      else if (event.event === "end") player.ended.add(event.operation);
      else if (event.event === "issue") {
        for (const operation of player.awaited) {
          if (!player.ended.has(operation)) continue;
          if ((player.messages.get(operation) ?? []).some(({ done }) => !done)) return;
          player.awaited.delete(operation);
        }
      } else if (event.event === "send" || event.event === "recv") {
        if (event.waited?.some((place) => !own[place].done)) return;
        own.push(meet(rank, event, player.at));
        player.messages.set(event.operation, own);
      }
    }
  };
  for (;;) {
    players.forEach(play);
    const ready = all.filter(({ posted, done }) => posted !== undefined && !done);
    ready.sort((a, b) => Number(a.posted) - Number(b.posted) || Number(a.sent) - Number(b.sent) || a.from - b.from);
    const out = new Set<number>();
    const into = new Set<number>();
    const round = ready.filter(({ from, to }) => {
      if (!atOnce && (out.has(from) || into.has(to))) return false;
      out.add(from);
      into.add(to);
      return true;
    });
    if (round.length === 0) return { ranks: traffic.length, rounds };
    for (const message of round) message.done = true;
    rounds.push(round.map((message) => told(traffic, message)).sort((a, b) => a.from - b.from || a.to - b.to));
  }
}

function told(traffic: readonly RankTraffic[], { from, to, sent = 0, received = 0 }: Message): RoundMessage {
  const { operation, bytes = 0, part } = traffic[from].events[sent];
  const into = traffic[to].events[received].part;
  return { from, to, bytes, operation: traffic[from].operations[operation], sent, received, part, into };
}
