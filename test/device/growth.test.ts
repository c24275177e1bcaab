/** Threads hear late that another one has grown the memory: whoever touches what it was told of asks first. */
import { expect, it } from "vitest";
import { KernelRuntime, SegmentPool, UNIT } from "../../src/device/index.ts";
import { SharedMemory } from "../../src/platform/memory.ts";
import { nodePlatform } from "../../src/platform/node/node.ts";

/** A memory as a thread has it that has heard of no growth yet: its buffer is the old, short one until it asks. */
function unaware(memory: WebAssembly.Memory): { wasm: WebAssembly.Memory; asked: () => number } {
  let seen = memory.buffer;
  let asked = 0;
  const wasm = {
    get buffer() {
      return seen;
    },
    grow(pages: number) {
      const before = memory.grow(pages);
      asked++;
      seen = memory.buffer;
      return before;
    },
  };
  return { wasm, asked: () => asked };
}

/** Two threads' pools over one memory: the second one has heard of nothing that the first one takes. */
function pools(): { first: SegmentPool; second: SegmentPool; asked: () => number } {
  const memory = SharedMemory.create(2 ** 26);
  const first = new SegmentPool(memory);
  const { wasm, asked } = unaware(memory.wasm);
  return { first, second: new SegmentPool(new SharedMemory(wasm, memory.limit)), asked };
}

it("bytes, words and the buffer reach as far as the memory has grown", () => {
  const end = (address: number): number => address + UNIT;
  for (const read of [
    (memory: SharedMemory, at: number) => memory.bytes(end(at)).subarray(at, end(at)).length,
    (memory: SharedMemory, at: number) => 4 * memory.words(at, UNIT / 4).length,
    (memory: SharedMemory, at: number) => new Uint8Array(memory.buffer(end(at)), at, UNIT).length,
  ]) {
    const { first, second } = pools();
    const at = first.take(1, 5 * UNIT) + 4 * UNIT;
    expect(read(second.memory, at)).toBe(UNIT);
  }
});

it("a thread asks before its kernels run, once for each growth", async () => {
  const { first, second, asked } = pools();
  const kernels = await nodePlatform.loadKernels();
  const before = asked();
  for (let growth = 1; growth <= 3; growth++) {
    const address = first.take(1, 3 * UNIT);
    for (let i = 0; i < 4; i++) second.settle();
    expect(asked() - before).toBe(growth);
    expect(second.memory.wasm.buffer.byteLength).toBeGreaterThanOrEqual(address + 3 * UNIT);
  }
  first.give(first.take(1, UNIT), UNIT);
  second.settle();
  const grown = asked();
  first.take(1, UNIT); // what was given back is there already
  second.settle();
  expect(asked()).toBe(grown);

  const runtime = new KernelRuntime(kernels, first, 2);
  let settled = 0;
  first.settle = () => void settled++;
  runtime.copy(UNIT, UNIT + 64, 64);
  runtime.exports.fill(UNIT, 4, 0);
  expect(settled).toBe(2);
});

it("a thread that has not heard takes memory behind what others have", () => {
  const { first, second } = pools();
  const taken = [first.take(1, 3 * UNIT), second.take(2, 3 * UNIT), first.take(1, UNIT), second.take(2, UNIT)];
  expect(new Set(taken).size).toBe(4);
  expect(taken).not.toContain(0);
});
