// `npm run stress [launches] [seed]`: launches on three streams with events between them, until so many
// have run. Loses no wake-up if it ends; the sums say that nothing ran twice or out of order.
import { prepare } from "./setup.mjs";

await prepare({ development: true });
const { openDevice } = await import("../dist/testing.js");

const wanted = Number(process.argv[2] ?? 10_000_000);
const seed = Number(process.argv[3] ?? Date.now() % 1_000_000);
const first = 2 ** 31 - 1_000_000; // positions, as 32 bits, turn negative on the way
const random = mulberry(seed);
console.log(`${wanted} launches on three streams, seed ${seed}`);

const { device, close } = await openDevice({ stream: "threaded", first });
const streams = [device.stream, device.newStream(), device.newStream()];
const place = (buffer, index) => ({ buffer, offset: 4 * index });
const one = device.alloc(4);
const sums = device.alloc(16);
device.write(place(one, 0), new Uint8Array(Int32Array.of(1).buffer));
device.write(place(sums, 0), new Uint8Array(16));
await device.synchronize();
const add = [0, 3, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0]; // i32, one element
const counts = [0, 0, 0, 0];
let launched = 0;
let events = 0;
let baton = streams[0].record(); // after it, the shared element may be touched
let started = performance.now();
while (launched < wanted) {
  const turn = Math.floor(random() * 3);
  const stream = streams[turn];
  const burst = 1 + Math.floor(random() ** 4 * 400);
  device.withStream(stream, () => {
    for (let i = 0; i < burst; i++) device.launch("binary", [place(sums, turn), place(one, 0), place(sums, turn)], add);
  });
  counts[turn] += burst;
  launched += burst;
  if (random() < 0.7) {
    // All three add to one element, each after the one before: two at once would lose a sum.
    stream.waitFor(baton);
    device.withStream(stream, () => device.launch("binary", [place(sums, 3), place(one, 0), place(sums, 3)], add));
    baton = stream.record();
    counts[3]++;
    launched++;
    events++;
  }
  const what = random();
  if (what < 0.02) await stream.record();
  else if (what < 0.04) stream.record().block();
  else if (what < 0.06) await Promise.all(streams.flatMap((each) => [each.record(), each.record()]));
  else if (what < 0.045) await new Promise((resolve) => setTimeout(resolve, random() * 2)); // all go to sleep
  if (performance.now() - started > 5000) {
    started = performance.now();
    console.log(`${String(launched).padStart(9)} launches, ${events} events`);
  }
}
await device.synchronize();
const found = [...new Int32Array(device.peek(place(sums, 0), 16).buffer)];
await close();
const right = found.every((sum, i) => sum === (counts[i] | 0));
console.log(`${right ? "ok" : "FAILED"}  sums ${found.join(", ")}; expected ${counts.join(", ")}; ${events} events`);
process.exitCode = right ? 0 : 1;

function mulberry(state) {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
