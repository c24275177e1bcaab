// The largest report that a rank can make fits its room, and is read as it was written.
import { expect, it } from "vitest";
import { SharedMemory } from "../src/platform/memory.ts";
import { inspect } from "../src/trace/text.ts";
import { LONGEST_NAME } from "../src/world/checks/checks.ts";
import { formatOperation } from "../src/world/core/operation.ts";
import type { PendingOperation } from "../src/world/core/report.ts";
import { type Answer, decodeAnswer, encodeAnswer, REPORT_ROOM } from "../src/world/health/answer.ts";
import { ShmLayout } from "../src/world/index.ts";
import { aboutCall } from "../src/world/store/calls.ts";

/** What takes the most bytes in JSON: six for one character, or seven where it is written twice. */
const characters = { control: "\u0001", lone: "\ud800", wide: "漢", quote: '"' };

/** A report with everything at its bound. @param of the character that all free texts are made of. */
function worst(of: string): Answer {
  const shape = Array.from({ length: 40 }, () => 2 ** 31 - 1);
  const data = Array.from({ length: 100 }, () => ({ dtype: "bf16", shape }) as const);
  const ranks = Array.from({ length: 128 }, (_, i) => i);
  const site = `${of.repeat(160)}.ts:123456`;
  const group = of.repeat(LONGEST_NAME);
  const text = formatOperation({ kind: "reduceScatter", data, root: 127, made: { ranks, name: group } });
  const common = { kind: "reduceScatter", seq: 2 ** 31, hash: -(2 ** 31), site } as const;
  const pending: PendingOperation[] = Array.from({ length: 32 }, (_, i) => ({
    ...{ ...common, text, group, peer: 127, tag: 2 ** 31 - 1, awaited: i === 31, blockedOn: ranks.slice(0, 64) },
  }));
  const recent = Array.from({ length: 32 }, () => ({
    ...{ ...common, operation: text, group, groupId: 2 ** 31, state: "under way" as const, issued: Math.PI * 1e12 },
  }));
  const keys = Array.from({ length: 9 }, () => of.repeat(1024));
  const waits = Array.from({ length: 16 }, (_, id) => ({
    ...{ id, about: aboutCall({ method: "wait", args: [keys] }), site, ends: false },
  }));
  const error = of.repeat(1500);
  return {
    report: { rank: 127, state: "failed", error, pending, recent, moves: 2 ** 31, store: { waits, asked: 1e9 } },
    failure: { kind: "threw", by: 127, detail: error },
  };
}

it.each(Object.entries(characters))("fits its room, made of %s characters", (_, of) => {
  const answer = worst(of);
  expect(JSON.stringify(answer).length).toBeGreaterThan(2 * REPORT_ROOM);
  const bytes = encodeAnswer(answer);
  expect(bytes.length).toBeLessThanOrEqual(REPORT_ROOM);
  const { report, failure } = decodeAnswer(bytes, 127);
  expect(failure).toEqual(JSON.parse(JSON.stringify(answer.failure)));
  expect(report.error).toBe(JSON.parse(JSON.stringify(answer.report.error)));
  // What is awaited goes last: a diagnosis lives on it.
  if (report.pending.length > 0) expect(report.pending[0].awaited).toBe(true);
});

it("is whole in shared memory, and undefined while it is written", () => {
  const memory = SharedMemory.create(2 ** 22);
  memory.wasm.grow(Math.ceil(ShmLayout.bytes(2) / 65_536));
  const layout = new ShmLayout(memory, 0, 2);
  expect(layout.readReport(1)).toBeUndefined();
  for (const of of Object.values(characters)) {
    const answer = worst(of);
    layout.writeReport(1, answer);
    expect(layout.readReport(1)?.failure?.detail).toBe(JSON.parse(JSON.stringify(answer.failure?.detail)));
    expect(layout.readReport(0)).toBeUndefined();
  }
});

it("what cannot be read is said to be our fault, and no deadlock", () => {
  expect(() => decodeAnswer(new TextEncoder().encode('{"report":'), 3)).toThrow(
    /^The report of rank 3 cannot be read \(.*\): a fault of worldsize itself; please report it\.$/,
  );
});

it("values of any kind are told within bounds", () => {
  const deep: unknown[] = [];
  let at = deep;
  for (let i = 0; i < 1000; i++) {
    const next: unknown[] = [];
    at.push(next);
    at = next;
  }
  const mean = new Proxy(
    {},
    {
      ownKeys: () => {
        throw new Error("no");
      },
    },
  );
  for (const value of [
    deep,
    mean,
    "x".repeat(1e6),
    Array(1e6).fill(1),
    {
      get a() {
        throw new Error("read");
      },
    },
  ]) {
    expect(inspect(value).length).toBeLessThan(2100);
  }
});
