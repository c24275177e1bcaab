/**
 * Messages between ranks as a picture: a column a rank, an arrow a message, in the order in
 * which they can have happened. Built from recorded traffic; drawn as text or SVG beside.
 */
import type { RankTraffic, TrafficEvent } from "../world/index.ts";

/** One row of the picture. */
export type SequenceRow =
  | {
      readonly kind: "message";
      readonly from: number;
      readonly to: number;
      readonly bytes: number;
      readonly label: string;
    }
  /** An operation over shared memory, which all these ranks took part in. */
  | { readonly kind: "shared"; readonly ranks: readonly number[]; readonly label: string }
  /** A send or receive that nobody answered, or an operation that did not end. */
  | { readonly kind: "stuck"; readonly rank: number; readonly label: string };

/** Who sent what to whom, in which order: lanes and arrows. */
export interface Sequence {
  readonly ranks: number;
  readonly rows: readonly SequenceRow[];
  /** Rows left out at the end. */
  readonly more: number;
}

interface Half {
  readonly rank: number;
  readonly event: TrafficEvent;
}

/** @param traffic of each rank. @param most rows to keep. */
export function sequenceOf(traffic: readonly RankTraffic[], most = 40): Sequence {
  const sends = new Map<string, Half[]>();
  const receives = new Map<string, Half[]>();
  const shared = new Map<string, Half[]>();
  traffic.forEach(({ events }, rank) => {
    for (const event of events) {
      const { group, seq, tag, peer } = event;
      if (event.event === "send") append(sends, `${rank}>${peer}:${group}:${seq}:${tag}`, { rank, event });
      if (event.event === "recv") append(receives, `${peer}>${rank}:${group}:${seq}:${tag}`, { rank, event });
      if (event.event === "read" || event.event === "write") append(shared, `${group}:${seq}`, { rank, event });
    }
  });
  const rows: { time: number; row: SequenceRow }[] = [];
  for (const [key, halves] of sends) {
    halves.forEach((send, i) => {
      const receive = receives.get(key)?.[i];
      const text = traffic[send.rank].operations[send.event.operation];
      if (!receive) {
        rows.push({ time: Infinity, row: stuck(traffic, send) });
        return;
      }
      const label = text.kind === "send" ? (send.event.tag ? `tag ${send.event.tag}` : "") : text.kind;
      const message = {
        kind: "message",
        from: send.rank,
        to: receive.rank,
        bytes: send.event.bytes ?? 0,
        label,
      } as const;
      rows.push({ time: Math.max(send.event.time, receive.event.time), row: message });
    });
  }
  for (const [key, halves] of receives) {
    for (const receive of halves.slice(sends.get(key)?.length ?? 0)) {
      rows.push({ time: Infinity, row: stuck(traffic, receive) });
    }
  }
  for (const halves of shared.values()) {
    const label = traffic[halves[0].rank].operations[halves[0].event.operation].text;
    const ranks = [...new Set(halves.map(({ rank }) => rank))].sort((a, b) => a - b);
    rows.push({ time: Math.max(...halves.map(({ event }) => event.time)), row: { kind: "shared", ranks, label } });
  }
  rows.sort((a, b) => (a.time === b.time ? 0 : a.time - b.time));
  const inOrder = rows.map(({ row }) => row);
  return { ranks: traffic.length, rows: inOrder.slice(0, most), more: Math.max(0, inOrder.length - most) };
}

function stuck(traffic: readonly RankTraffic[], { rank, event }: Half): SequenceRow {
  const { text, site } = traffic[rank].operations[event.operation];
  return { kind: "stuck", rank, label: `${text}${site ? ` (${site})` : ""} met nobody` };
}

function append<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
