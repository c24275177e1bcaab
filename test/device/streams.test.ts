/** Streams: order, events, waits, memory between streams, failures; every body of a stream alike. */
import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { type Buffer, CommandRing, type Device, KernelError, type Ref, STREAM_BYTES } from "../../src/device/index.ts";
import { openDevice } from "../../src/job/node/open-device.ts";
import { closeDevices, makeDevice, makePool } from "../helpers/device.ts";
import { runProgram } from "../helpers/jobs.ts";

afterAll(closeDevices);

const modes = ["inline", "deferred", "threaded"] as const;
const F32 = 0;
const ADD = 0;

function at(buffer: Buffer, index = 0): Ref {
  return { buffer, offset: 4 * index };
}

/** x[index] += 1, a kernel of one element. */
function increment(device: Device, x: Buffer, one: Buffer, index = 0): void {
  const scalars = [ADD, F32, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0];
  device.launch("binary", [at(x, index), at(one), at(x, index)], scalars);
}

async function numbers(device: Device, buffer: Buffer, count: number): Promise<number[]> {
  return [...new Float32Array((await device.read(at(buffer), 4 * count)).buffer)];
}

/** A flag that blocks a stream until the test raises it. */
function gate(device: Device): { completion: { done: boolean; block(): void; flag(): number }; open(): void } {
  const word = device.flags.take();
  const completion = { done: false, block: () => {}, flag: () => word };
  return {
    completion,
    open() {
      completion.done = true;
      device.flags.raise(word);
      device.flags.giveBack(word, [device.stream.record()]);
    },
  };
}

describe.each(modes)("a stream that is %s", (stream) => {
  it("runs commands in order, and more of them than its queue holds", async () => {
    const device = await makeDevice({ stream });
    const [x, one] = [device.alloc(4), device.alloc(4)];
    device.launch("fill", [at(x)], [F32, 1, 0]);
    device.launch("fill", [at(one)], [F32, 1, 1]);
    for (let i = 0; i < 5000; i++) increment(device, x, one);
    expect(await numbers(device, x, 1)).toEqual([5000]);
    device.close();
  });

  it("writes host data in order, and lets it be reused at once", async () => {
    const device = await makeDevice({ stream });
    const [x, sum] = [device.alloc(4), device.alloc(4)];
    device.launch("fill", [at(sum)], [F32, 1, 0]);
    const data = new Float32Array(1);
    for (let i = 1; i <= 300; i++) {
      data[0] = i;
      device.write(at(x), new Uint8Array(data.buffer));
      device.launch("binary", [at(sum), at(x), at(sum)], [ADD, F32, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
    }
    expect(await numbers(device, sum, 1)).toEqual([45150]);
    device.close();
  });

  it("waits for events of another stream, whatever the order of launches", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(2), { minLength: 1, maxLength: 60 }), async (turns) => {
        const device = await makeDevice({ stream });
        const streams = [device.stream, device.newStream(), device.newStream()];
        const [x, one] = [device.alloc(4), device.alloc(4)];
        device.launch("fill", [at(x)], [F32, 1, 0]);
        device.launch("fill", [at(one)], [F32, 1, 1]);
        let last = device.stream.record();
        for (const turn of turns) {
          const next = streams[turn];
          next.waitFor(last);
          device.withStream(next, () => increment(device, x, one));
          last = next.record();
        }
        await last;
        expect(last.done).toBe(true);
        device.stream.waitFor(last);
        expect(await numbers(device, x, 1)).toEqual([turns.length]);
        device.close();
      }),
      { numRuns: 8 },
    );
  });

  it("waits for streams that wait for it and for each other, and for its own places", async () => {
    const device = await makeDevice({ stream });
    const streams = [device.stream, device.newStream(), device.newStream()];
    const [x, one] = [device.alloc(4), device.alloc(4)];
    device.launch("fill", [at(x)], [F32, 1, 0]);
    device.launch("fill", [at(one)], [F32, 1, 1]);
    let last = device.stream.record();
    for (let turn = 0; turn < 30; turn++) {
      const next = streams[turn % 3];
      for (const waiting of streams) waiting.waitFor(last);
      device.withStream(next, () => increment(device, x, one));
      last = next.record();
      next.waitFor(last);
    }
    device.stream.waitFor(last);
    expect(await numbers(device, x, 1)).toEqual([30]);
    await Promise.all(streams.map((each) => each.synchronize()));
    device.close();
  });

  it("names the kernel that failed at the next wait, and runs nothing after it", async () => {
    const device = await makeDevice({ stream });
    const [table, index, row] = [device.alloc(12), device.alloc(8), device.alloc(8)];
    device.launch("fill", [at(table)], [F32, 3, 1]);
    device.launch("fill", [at(row)], [F32, 2, 3]);
    device.write(at(index), new Uint8Array(Int32Array.of(2, 3).buffer));
    device.launch("gather", [at(table), at(index), at(row)], [3, 2, 1]);
    device.launch("fill", [at(row)], [F32, 2, 5]);
    await expect(device.synchronize()).rejects.toThrow(KernelError);
    await expect(device.read(at(row), 8)).rejects.toThrow(
      /^Kernel gather failed: index 1 names a row that is not among the 3 of the table. It was launched at streams.test.ts:\d+.$/,
    );
    expect([...new Float32Array(device.peek(at(row), 8).buffer)]).toEqual([1, 3]);
    device.close();
  });

  it("ends after what was launched", async () => {
    const device = await makeDevice({ stream });
    const x = device.alloc(4);
    for (let i = 0; i < 100; i++) device.launch("fill", [at(x)], [F32, 1, i]);
    await device.synchronize();
    device.close();
  });
});

describe("positions that wrap", () => {
  it.each([2 ** 31 - 20, 2 ** 32 - 20])("from %i on, another stream waits for a place beyond it", async (first) => {
    const device = await makeDevice({ stream: "threaded", first });
    const other = device.newStream();
    const [x, y, one] = [device.alloc(4), device.alloc(4), device.alloc(4)];
    for (const [buffer, value] of [
      [x, 0],
      [y, -1],
      [one, 1],
    ] as const) {
      device.launch("fill", [at(buffer)], [F32, 1, value]);
    }
    await device.synchronize();
    const held = gate(device);
    device.stream.waitFor(held.completion);
    for (let i = 0; i < 40; i++) increment(device, x, one);
    other.waitFor(device.stream.record());
    device.withStream(other, () => device.launch("copy", [at(x), at(y)], [4]));
    const copied = other.record();
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(copied.done).toBe(false);
    held.open();
    await copied;
    expect(await numbers(device, y, 1)).toEqual([40]);
    device.close();
  });

  it.each([2 ** 31 - 700, 2 ** 32 - 700, 2 ** 33 - 300])("from %i on", async (first) => {
    const device = await makeDevice({ stream: "threaded", first });
    const other = device.newStream();
    const [x, one] = [device.alloc(4), device.alloc(4)];
    device.launch("fill", [at(x)], [F32, 1, 0]);
    device.launch("fill", [at(one)], [F32, 1, 1]);
    const early = device.stream.record();
    for (let i = 0; i < 1500; i++) {
      increment(device, x, one);
      if (i % 100 === 0) {
        other.waitFor(device.stream.record());
        device.withStream(other, () => increment(device, x, one));
        device.stream.waitFor(other.record());
      }
      if (i % 400 === 0) await device.stream.record();
    }
    expect(await numbers(device, x, 1)).toEqual([1515]);
    expect(early.done).toBe(true);
    await early;
    device.close();
  });
});

it("three streams with events between them lose no wake-up in 300,000 launches (npm run stress: ten million)", () => {
  const { stdout, status } = spawnSync(process.execPath, ["tools/stress-streams.mjs", "300000"], { encoding: "utf8" });
  expect(stdout).toMatch(/^ok /m);
  expect(status).toBe(0);
});

it("a thread that is gone is an error for whoever waits for it, then and later", async () => {
  const { device, close } = await openDevice({ stream: "threaded" });
  const x = device.alloc(4);
  const held = gate(device);
  device.stream.waitFor(held.completion);
  device.launch("fill", [at(x)], [F32, 1, 1]);
  const waits = device.synchronize();
  const heard = expect(waits).rejects.toThrow("The thread of stream 0 is gone");
  await close();
  await heard;
  for (let i = 0; i < 2000; i++) device.launch("fill", [at(x)], [F32, 1, 1]);
  await expect(device.read(at(x), 4)).rejects.toThrow("is gone");
});

describe("waits of a host for several places at once", () => {
  it("a wait that comes too late to be armed wakes an earlier one", async () => {
    const pool = makePool();
    const address = pool.take(1, STREAM_BYTES);
    pool.memory.bytes(address + STREAM_BYTES).fill(0, address, address + STREAM_BYTES);
    const [host, stream] = [new CommandRing(pool.memory, address), new CommandRing(pool.memory, address)];
    let woken = false;
    const sleep = host.watch(0, 5)?.then(() => {
      woken = true;
    });
    stream.startAt(6); // the stream has published its position, and has not looked at the slots
    expect(host.arm(0, 5)).toBe(false);
    stream.retire(6);
    const alive = setTimeout(() => {}, 2000);
    await Promise.race([sleep, new Promise((resolve) => setTimeout(resolve, 2000))]);
    clearTimeout(alive);
    expect(woken).toBe(true);
  });

  it("all end, thousands of times", async () => {
    const device = await makeDevice({ stream: "threaded" });
    const [x, one] = [device.alloc(4), device.alloc(4)];
    device.launch("fill", [at(x)], [F32, 1, 0]);
    device.launch("fill", [at(one)], [F32, 1, 1]);
    let launched = 0;
    for (let round = 0; round < 3000; round++) {
      const waits = Array.from({ length: 1 + (round % 7) }, (_, i) => {
        for (let k = 0; k <= (round * 7 + i * 3) % 11; k++, launched++) increment(device, x, one);
        return device.stream.record().then();
      });
      await Promise.all(waits);
    }
    expect(await numbers(device, x, 1)).toEqual([launched]);
    device.close();
  });
});

it("a thread sees memory that grew while it was being started", async () => {
  for (let round = 0; round < 40; round++) {
    const device = await makeDevice({ stream: "threaded" }); // the memory is on its way to the thread
    const far = Array.from({ length: 8 }, () => device.alloc(2 ** 18)); // and grows meanwhile
    const last = far[7];
    device.launch("fill", [at(far[0])], [F32, 2 ** 16, round]);
    device.launch("copy", [at(far[0]), at(last)], [2 ** 18]);
    expect(await numbers(device, last, 1)).toEqual([round]);
    device.close();
  }
});

describe("memory between threaded streams", () => {
  it.each(["a launch", "a replay of a graph that is released at once"])(
    "is not used again before %s on another stream has passed",
    async (what) => {
      const device = await makeDevice({ stream: "threaded" });
      const other = device.newStream();
      const held = gate(device);
      const source = device.alloc(4096);
      const target = device.withStream(other, () => device.alloc(4096));
      device.launch("fill", [at(source)], [F32, 1024, 7]);
      const copy = () => device.launch("copy", [at(source), at(target)], [4096]);
      other.waitFor(device.stream.record());
      other.waitFor(held.completion);
      if (what === "a launch") device.withStream(other, copy);
      else {
        const graph = device.capture(copy);
        device.withStream(other, () => device.replay(graph));
        device.release(graph);
      }
      source.release();
      // Its own stream may have the memory at once only if nobody else is still reading it.
      const next = device.alloc(4096);
      device.launch("fill", [at(next)], [F32, 1024, 1]);
      await device.stream.synchronize();
      held.open();
      await other.synchronize();
      expect(new Set(new Float32Array(device.peek(at(target), 4096).buffer))).toEqual(new Set([7]));
      // Afterwards it is.
      const again = device.alloc(4096);
      expect(again.bytes).toBe(4096);
      expect(device.memoryStats().reserved.current).toBeLessThanOrEqual(3 * 2 ** 18);
      device.close();
    },
  );

  it("waits for every stream that uses it, not for the last one only", async () => {
    const device = await makeDevice({ stream: "threaded" });
    const others = [device.newStream(), device.newStream()];
    const gates = [gate(device), gate(device)];
    const source = device.alloc(4096);
    device.launch("fill", [at(source)], [F32, 1024, 7]);
    const ready = device.stream.record();
    const targets = others.map((other, i) => {
      const target = device.withStream(other, () => device.alloc(4096));
      other.waitFor(ready);
      other.waitFor(gates[i].completion);
      device.withStream(other, () => device.launch("copy", [at(source), at(target)], [4096]));
      return target;
    });
    source.release();
    gates[1].open();
    await others[1].synchronize();
    const next = device.alloc(4096);
    device.launch("fill", [at(next)], [F32, 1024, 1]);
    await device.stream.synchronize();
    gates[0].open();
    await others[0].synchronize();
    for (const target of targets) {
      expect(new Set(new Float32Array(device.peek(at(target), 4096).buffer))).toEqual(new Set([7]));
    }
    device.close();
  });

  it("that was a graph's own goes back only after its replays", async () => {
    const device = await makeDevice({ stream: "threaded" });
    const [x, y] = [device.alloc(4096), device.alloc(4096)];
    device.launch("fill", [at(x)], [F32, 1024, 7]);
    const held = gate(device);
    const graph = device.capture(() => {
      const between = device.alloc(4096);
      device.launch("copy", [at(x), at(between)], [4096]);
      device.launch("copy", [at(between), at(y)], [4096]);
      between.release();
    });
    await device.synchronize();
    device.stream.waitFor(held.completion);
    device.replay(graph);
    device.release(graph);
    // Another stream takes memory afresh: it must not be the graph's.
    const other = device.newStream();
    const fresh = device.withStream(other, () => Array.from({ length: 8 }, () => device.alloc(2 ** 18)));
    device.withStream(other, () => {
      for (const each of fresh) device.launch("fill", [at(each)], [F32, 2 ** 16, 1]);
    });
    await other.synchronize();
    held.open();
    await device.stream.synchronize();
    for (const each of fresh) {
      expect(new Set(new Float32Array(device.peek(at(each), 2 ** 18).buffer))).toEqual(new Set([1]));
    }
    expect(new Set(new Float32Array(device.peek(at(y), 4096).buffer))).toEqual(new Set([7]));
    device.close();
  });

  it("goes back to the stream it was taken for", async () => {
    const device = await makeDevice({ stream: "threaded" });
    const other = device.newStream();
    const held = gate(device);
    const mine = device.withStream(other, () => device.alloc(4096));
    other.waitFor(held.completion);
    device.withStream(other, () => {
      device.launch("fill", [at(mine)], [F32, 1024, 7]);
      mine.release(); // its stream has not filled it yet
    });
    const theirs = device.alloc(4096);
    device.launch("fill", [at(theirs)], [F32, 1024, 1]);
    await device.stream.synchronize();
    held.open();
    await other.synchronize();
    expect(new Set(new Float32Array(device.peek(at(theirs), 4096).buffer))).toEqual(new Set([1]));
    device.close();
  });
});

describe("messages under one tag", () => {
  it.each([
    ["shm", "inline", 1],
    ["shm", "threaded", 1],
    ["shm", "threaded", 2],
    ["tcp", "threaded", 2],
    ["local", "inline", 2],
  ] as const)("do not overtake each other over %s, %s, from %i streams", async (transport, streams, lanes) => {
    const { failure } = await runProgram("test/programs/overtaking.ts", {
      ranks: 3,
      transport,
      streams,
      options: { rounds: 60, lanes },
    });
    expect(failure?.message).toBeUndefined();
  });
});
