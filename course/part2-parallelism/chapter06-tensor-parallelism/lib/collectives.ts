// What a piece of a program sends: the operations between ranks that it takes, as they are recorded.
import type { Context } from "worldsize";

/** Calls of one kind, and the bytes of the whole tensors that they work on. */
export interface Calls {
  readonly kind: string;
  readonly calls: number;
  readonly bytes: number;
}

/** Names as in NCCL and torch. */
const names: Readonly<Record<string, string>> = {
  allReduce: "all_reduce",
  allGather: "all_gather",
  reduceScatter: "reduce_scatter",
};

/** Runs a function, waits for the device, and tells which collectives it took. The script has `traced: true`. */
export async function collectivesOf(
  { spans, device }: Pick<Context, "spans" | "device">,
  body: () => void,
): Promise<Calls[]> {
  await device.synchronize();
  const before = (await spans()).length;
  body();
  await device.synchronize();
  const found = new Map<string, Calls>();
  for (const { lane, name, args } of (await spans()).slice(before)) {
    if (lane !== "comm") continue;
    const kind = names[name] ?? name;
    const { calls, bytes } = found.get(kind) ?? { calls: 0, bytes: 0 };
    found.set(kind, { kind, calls: calls + 1, bytes: bytes + Number(args?.bytes) });
  }
  return [...found.values()];
}

/** Bytes that each of n ranks sends in a ring: twice as many for an all_reduce as for either of its halves. */
export function sentBytes(calls: readonly Calls[], ranks: number): number {
  const each = calls.map(({ kind, bytes }) => ((kind === "all_reduce" ? 2 : 1) * (ranks - 1) * bytes) / ranks);
  return each.reduce((sum, bytes) => sum + bytes, 0);
}

/** "2 all_reduce of 32 B together", or "nothing". */
export function textOf(calls: readonly Calls[]): string {
  return calls.map((each) => `${each.calls} ${each.kind}, ${each.bytes} B`).join("; ") || "nothing";
}
