import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  Allocator,
  addressOf,
  DeferredStream,
  Device,
  InlineStream,
  makeExecutor,
  OutOfMemoryError,
  UNIT,
} from "../../src/device/index.ts";
import { makeDevice, makePool } from "../helpers/device.ts";

describe("segment pool", () => {
  it("hands out disjoint runs and takes them back", () => {
    const pool = makePool(2 ** 24);
    const all = pool.free;
    const a = pool.take(1, 3 * UNIT);
    const b = pool.take(2, 1);
    expect(a % UNIT).toBe(0);
    expect(b).toBe(a + 3 * UNIT);
    pool.give(a, 3 * UNIT);
    expect(pool.take(3, 2 * UNIT)).toBe(a);
    pool.giveAll(2);
    pool.giveAll(3);
    expect(pool.free).toBe(all);
  });

  it("gives nothing when there is no room", () => {
    const pool = makePool(2 ** 22);
    expect(pool.take(1, 2 ** 23)).toBe(0);
    expect(pool.take(1, UNIT)).toBeGreaterThan(0);
  });
});

describe("allocator", () => {
  it("never overlaps blocks and keeps exact books, in any order of allocations and frees", () => {
    const step = fc.record({
      free: fc.boolean(),
      which: fc.nat(),
      bytes: fc.oneof(fc.nat(300), fc.nat(100_000), fc.nat(5_000_000)),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const allocator = new Allocator(makePool(), 0, 2 ** 27);
        const live: ReturnType<Allocator["alloc"]>[] = [];
        for (const { free, which, bytes } of steps) {
          if (free && live.length > 0) live.splice(which % live.length, 1)[0].release();
          else live.push(allocator.alloc(bytes, bytes % 2 ? "data" : "kv"));
          const ranges = live.map((b) => [addressOf(b), addressOf(b) + b.bytes]).sort((x, y) => x[0] - y[0]);
          for (let i = 1; i < ranges.length; i++) expect(ranges[i][0]).toBeGreaterThanOrEqual(ranges[i - 1][1]);
          const rounded = live.reduce((sum, b) => sum + Math.max(64, Math.ceil(b.bytes / 64) * 64), 0);
          expect(allocator.stats().allocated.current).toBe(rounded);
        }
        for (const buffer of live) buffer.release();
        allocator.emptyCache();
        const { allocated, reserved, byTag } = allocator.stats();
        expect([allocated.current, reserved.current]).toEqual([0, 0]);
        expect(Object.values(byTag).map((usage) => usage.current)).toEqual(Object.values(byTag).map(() => 0));
      }),
      { numRuns: 60 },
    );
  });

  it("explains an out-of-memory error", () => {
    const allocator = new Allocator(makePool(), 0, 2 ** 20);
    allocator.alloc(300_000, "parameters");
    allocator.alloc(100_000, "kv");
    expect(() => allocator.alloc(900_000, "activations")).toThrow(OutOfMemoryError);
    expect(() => allocator.alloc(900_000, "activations")).toThrow(
      /asked for 879 KiB \(activations\).*quota of 1 MiB 391 KiB are in use \(parameters 293 KiB, kv 98 KiB\).*largest free block 121 KiB/,
    );
  });

  it("refuses sizes that are none", () => {
    const allocator = new Allocator(makePool(), 0, 2 ** 20);
    expect(() => allocator.alloc(-1, "data")).toThrow("whole number from 0");
    expect(() => allocator.alloc(1.5, "data")).toThrow("whole number from 0");
  });
});

describe("device", () => {
  it("checks the bounds of every launch", async () => {
    const device = await makeDevice();
    const buffer = device.alloc(16);
    expect(() => device.launch("fill", [{ buffer, offset: 4 }], [0, 4, 1])).toThrow(
      "Kernel fill would touch bytes 4 to 20 of argument 0, a buffer of 16 bytes.",
    );
    expect(() => device.launch("fill", [{ buffer, offset: -4 }], [0, 1, 1])).toThrow("bytes -4 to 0");
  });

  it("reads a buffer of another device of the same memory in place", async () => {
    const device = await makeDevice();
    const execute = makeExecutor(device.runtime);
    const other = new Device({
      runtime: device.runtime,
      stream: () => new InlineStream(execute),
      owner: 1,
      quota: 2 ** 20,
    });
    const buffer = device.alloc(16);
    const same = other.import(device.export(buffer));
    device.write({ buffer, offset: 4 }, Uint8Array.of(1, 2, 3));
    expect([...(await other.read({ buffer: same, offset: 4 }, 3))]).toEqual([1, 2, 3]);
    same.release();
    expect(buffer.freed).toBe(false);
  });

  it("keeps what it lent until the borrower is done with it, and then has it back", async () => {
    const owner = await makeDevice();
    const execute = makeExecutor(owner.runtime);
    const stream = new DeferredStream(execute, () => {});
    const borrower = new Device({
      runtime: owner.runtime,
      stream: () => stream,
      owner: 1,
      quota: 2 ** 22,
    });
    const bytes = 2 ** 20;
    const lend = () => {
      const buffer = owner.alloc(bytes);
      owner.launch("fill", [{ buffer, offset: 0 }], [0, bytes / 4, 7]);
      const exported = owner.export(buffer);
      const same = borrower.import(exported);
      expect(() => borrower.import(exported)).toThrow("was imported before. Export it once for each import.");
      buffer.release();
      return same;
    };
    const same = lend();
    const copy = borrower.alloc(bytes);
    borrower.launch(
      "copy",
      [
        { buffer: same, offset: 0 },
        { buffer: copy, offset: 0 },
      ],
      [bytes],
    );
    same.release(); // its stream has not copied it yet
    const next = owner.alloc(bytes);
    owner.launch("fill", [{ buffer: next, offset: 0 }], [0, bytes / 4, 1]);
    stream.drain();
    const found = new Float32Array(borrower.peek({ buffer: copy, offset: 0 }, bytes).buffer);
    expect(found.every((x) => x === 7)).toBe(true);
    next.release();
    const { current } = owner.memoryStats().reserved;
    for (let i = 0; i < 10; i++) {
      const lent = lend();
      lent.release();
      stream.drain();
      borrower.alloc(64).release(); // looks what can be given back
    }
    expect(owner.memoryStats().reserved.current).toBe(current);
    expect(owner.memoryStats().allocated.current).toBe(0);
  });

  it("gives everything back when it is closed, and counts peaks afresh on request", async () => {
    const device = await makeDevice();
    const before = device.runtime.pool.free;
    device.alloc(5_000_000).release();
    expect(device.memoryStats().allocated.peak).toBeGreaterThanOrEqual(5_000_000);
    device.resetPeakMemory();
    expect(device.memoryStats().allocated.peak).toBe(0);
    device.close();
    expect(device.runtime.pool.free).toBe(before);
  });

  it("refuses freed buffers", async () => {
    const device = await makeDevice();
    const buffer = device.alloc(16);
    buffer.retain().release();
    device.launch("fill", [{ buffer, offset: 0 }], [0, 4, 1]);
    buffer.release();
    expect(() => device.launch("fill", [{ buffer, offset: 0 }], [0, 4, 1])).toThrow("used after it was freed");
    expect(() => buffer.release()).toThrow("used after it was freed");
  });
});
