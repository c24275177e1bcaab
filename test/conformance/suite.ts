/**
 * The conformance suite of process groups: random operations on random dtypes, shapes and
 * operators, in several groups and several in flight, each compared with a plain reference.
 *
 * Every rank runs it. All draw the same cases from the seed and make all ranks' inputs
 * themselves, so each can compute what it must get. It uses nothing but a context, so it
 * runs over every transport, in Node and in a browser.
 */

import type { Context, DType, Operator, ProcessGroup, Tensor, Work } from "worldsize";
import { mulberry32 } from "../../src/platform/random.ts";

export interface SuiteOptions {
  readonly cases: number;
  readonly seed: number;
}

type SuiteContext = Pick<Context, "world" | "device" | "sleep">;
type Random = () => number;

const dtypes: readonly DType[] = ["f32", "f16", "bf16", "i32", "u8"];
const operators: readonly Operator[] = ["sum", "mean", "min", "max", "product"];
/** Relative error of rounding once to the dtype; each addition or multiplication before is in f32. */
const rounding: Readonly<Record<DType, number>> = { f32: 2 ** -24, f16: 2 ** -11, bf16: 2 ** -8, i32: 0, u8: 0 };
const STEP = 2 ** -24;

const kinds = [
  "allReduce",
  "allReduce",
  "broadcast",
  "reduce",
  "gather",
  "allGather",
  "scatter",
  "reduceScatter",
  "allToAll",
  "allToAllRows",
  "pairs",
  "batch",
  "barrier",
  "broadcastObject",
  "allGatherObject",
] as const;

/** One operation under way: what to wait for, and how to check it afterwards. */
interface Flight {
  readonly works: readonly Work<unknown>[];
  check(): Promise<void>;
}

interface Case {
  readonly group: ProcessGroup;
  readonly random: Random;
  readonly dtype: DType;
  readonly operator: Operator;
  readonly root: number;
  readonly seed: number;
  readonly text: string;
}

/** @returns how many operations were checked on this rank. @throws Error that names the failing case. */
export async function runSuite(context: SuiteContext, options: SuiteOptions): Promise<number> {
  const { world, sleep } = context;
  const shared = mulberry32(options.seed); // the same on all ranks
  const own = mulberry32(options.seed * 31 + world.rank + 1);
  const groups = await makeGroups(world);
  let checked = 0;
  for (let done = 0; done < options.cases; ) {
    const together = 1 + Math.floor(shared() * 3);
    const flights: Flight[] = [];
    for (let i = 0; i < together && done < options.cases; i++, done++) {
      const which = Math.floor(shared() * groups.length);
      const kind = kinds[Math.floor(shared() * kinds.length)];
      const seed = Math.floor(shared() * 2 ** 31);
      const group = groups[which];
      await delay(own, sleep);
      if (!group) continue;
      flights.push(issue(context, kind, makeCase(group, kind, seed, `case ${done} of seed ${options.seed}`)));
    }
    for (const flight of shuffle(flights, own)) {
      if (own() < 0.3) for (const work of flight.works) work.wait();
      else await Promise.all(flight.works);
    }
    for (const flight of flights) {
      await flight.check();
      checked++;
    }
  }
  await world.barrier();
  return checked;
}

/** The world, its odd and even halves, and the world backwards. */
async function makeGroups(world: ProcessGroup): Promise<(ProcessGroup | undefined)[]> {
  const halves = await world.split(world.rank % 2, world.rank);
  const backwards = await world.split(0, world.size - 1 - world.rank);
  if (backwards?.rank !== world.size - 1 - world.rank) throw new Error(`split ignores the key: ${backwards?.ranks}`);
  if (halves?.ranks.some((rank) => rank % 2 !== world.rank % 2)) throw new Error(`split mixes colors: ${halves.ranks}`);
  const some = await world.newGroup(Array.from({ length: Math.ceil(world.size / 2) }, (_, i) => i));
  return [world, world, halves, backwards, some];
}

function makeCase(group: ProcessGroup, kind: string, seed: number, where: string): Case {
  const random = mulberry32(seed);
  const dtype = dtypes[Math.floor(random() * dtypes.length)];
  const operator = operators[Math.floor(random() * operators.length)];
  const root = Math.floor(random() * group.size);
  const text = `${where}: ${kind} ${operator} ${dtype} root ${root} in ${group.name} (${group.size} ranks)`;
  return { group, random, dtype, operator, root, seed, text };
}

function issue({ device }: SuiteContext, kind: (typeof kinds)[number], c: Case): Flight {
  const { group, random, dtype, operator, root } = c;
  const { rank, size } = group;
  const range = Array.from({ length: size }, (_, i) => i);
  /** What rank r puts in as its piece p. */
  const input = (r: number, p: number, count: number): Tensor =>
    device.from(numbers(mulberry32(c.seed + 7919 * (r + 1) + 104_729 * p), count, dtype, operator), [count], dtype);
  const length = lengths(random);
  const uneven = range.map(() => Math.floor(random() * 9));
  const even = random() < 0.5;
  const total = (counts: readonly number[]) => counts.reduce((a, b) => a + b, 0);
  const pieces = even ? range.map(() => length) : uneven;
  /** A tensor for all pieces, or a list of them. */
  const room = () =>
    even ? device.zeros([total(pieces)], dtype) : pieces.map((count) => device.zeros([count], dtype));
  const parts = (whole: Tensor | readonly Tensor[]): Tensor[] =>
    Array.isArray(whole) ? [...whole] : range.map((i) => (whole as Tensor).slice(0, i * length, (i + 1) * length));
  const fill = (r: number, whole: Tensor | Tensor[]) => {
    for (const [p, part] of parts(whole).entries()) part.copy_(input(r, p, pieces[p]));
    return whole;
  };
  const same = (got: Tensor, wanted: Tensor) => expectEqual(got, wanted, c.text);

  switch (kind) {
    case "allReduce": {
      const x = input(rank, 0, length);
      const check = async () => {
        await expectReduced(
          x,
          range.map((r) => input(r, 0, length)),
          c,
        );
        const sums = await group.allGatherObject(String(await x.data()));
        if (new Set(sums).size > 1) throw new Error(`${c.text}: the ranks' results differ in their bits`);
      };
      return { works: [group.allReduce(x, operator)], check };
    }
    case "broadcast": {
      const x = input(rank, 0, length);
      return { works: [group.broadcast(x, root)], check: () => same(x, input(root, 0, length)) };
    }
    case "reduce": {
      const x = input(rank, 0, length);
      const check = () =>
        rank === root
          ? expectReduced(
              x,
              range.map((r) => input(r, 0, length)),
              c,
            )
          : same(x, input(rank, 0, length));
      return { works: [group.reduce(x, root, operator)], check };
    }
    case "gather": {
      const output = rank === root ? room() : undefined;
      const check = async () => {
        if (output) for (const [r, part] of parts(output).entries()) await same(part, input(r, 0, pieces[r]));
      };
      return { works: [group.gather(output, input(rank, 0, pieces[rank]), root)], check };
    }
    case "allGather": {
      const output = room();
      const check = async () => {
        for (const [r, part] of parts(output).entries()) await same(part, input(r, 0, pieces[r]));
      };
      return { works: [group.allGather(output, input(rank, 0, pieces[rank]))], check };
    }
    case "scatter": {
      const output = device.zeros([pieces[rank]], dtype);
      const source = rank === root ? fill(root, room()) : undefined;
      return {
        works: [group.scatter(output, source, root)],
        check: () => same(output, input(root, rank, pieces[rank])),
      };
    }
    case "reduceScatter": {
      const output = device.zeros([pieces[rank]], dtype);
      const check = () =>
        expectReduced(
          output,
          range.map((r) => input(r, rank, pieces[rank])),
          c,
        );
      return { works: [group.reduceScatter(output, fill(rank, room()), operator)], check };
    }
    case "allToAll": {
      // Rank r sends (r + p) mod 5 elements to rank p, or as many to each.
      const count = (r: number, p: number) => (even ? length : (r + p + uneven[0]) % 5);
      const list = (size: (i: number) => number) => range.map((i) => device.zeros([size(i)], dtype));
      const send = even ? device.zeros([length * size], dtype) : list((p) => count(rank, p));
      const receive = even ? device.zeros([length * size], dtype) : list((r) => count(r, rank));
      for (const [p, part] of parts(send).entries()) part.copy_(input(rank, p, count(rank, p)));
      const check = async () => {
        for (const [r, part] of parts(receive).entries()) await same(part, input(r, rank, count(r, rank)));
      };
      return { works: [group.allToAll(receive, send)], check };
    }
    case "allToAllRows": {
      // Rank r has (3 r + p + …) mod 4 rows for rank p, and one more that is for nobody; some width, some room to spare.
      const width = 1 + (uneven[0] % 3);
      const count = (r: number, p: number) => (3 * r + p + uneven[1 % size]) % 4;
      const counts = (of: (i: number) => number) => device.from(Int32Array.from(range.map(of)), [size], "i32");
      const sizes = (of: (i: number) => number) => range.map((i) => of(i) * width);
      const rows = device.zeros([total(range.map((p) => count(rank, p))) + 1, width], dtype);
      const room = device.zeros([total(range.map((r) => count(r, rank))) + uneven[0], width], dtype);
      const cutRows = (whole: Tensor, lengths: readonly number[]): Tensor[] => {
        let from = 0;
        return lengths.map((each) => whole.reshape([whole.size]).slice(0, from, (from += each)));
      };
      for (const [p, part] of cutRows(
        rows,
        sizes((i) => count(rank, i)),
      ).entries())
        part.copy_(input(rank, p, part.size));
      const received = device.zeros([size], "i32");
      const work = group.allToAllRows(
        room,
        rows,
        counts((p) => count(rank, p)),
        received,
      );
      const check = async () => {
        const lengths = sizes((r) => count(r, rank));
        for (const [r, part] of cutRows(room, lengths).entries()) await same(part, input(r, rank, lengths[r]));
        const rest = room.reshape([room.size]).slice(0, total(lengths), room.size);
        await same(rest, device.zeros([rest.size], dtype));
        await same(
          received,
          counts((r) => count(r, rank)),
        );
      };
      return { works: [work], check };
    }
    case "pairs": {
      // Everybody sends two tagged messages ahead; they are received in the other order.
      if (size === 1) return { works: [], check: async () => {} };
      const right = (rank + 1) % size;
      const left = (rank - 1 + size) % size;
      const tag = c.seed & 0xffff;
      const [a, b] = [device.zeros([length], dtype), device.zeros([length + 1], dtype)];
      const works = [
        group.send(input(rank, 0, length), right, { tag }),
        group.send(input(rank, 1, length + 1), right, { tag: tag + 1 }),
        group.recv(b, left, { tag: tag + 1 }),
        group.recv(a, left, { tag }),
      ];
      const check = async () => {
        await same(a, input(left, 0, length));
        await same(b, input(left, 1, length + 1));
      };
      return { works, check };
    }
    case "batch": {
      const others = range.filter((r) => r !== rank);
      const tag = c.seed & 0xffff;
      const incoming = others.map(() => device.zeros([length], dtype));
      const works = group.batchSendRecv([
        ...others.map((peer, i) => ({ op: "recv", tensor: incoming[i], peer, tag }) as const),
        ...others.map((peer) => ({ op: "send", tensor: input(rank, peer, length), peer, tag }) as const),
      ]);
      const check = async () => {
        for (const [i, peer] of others.entries()) await same(incoming[i], input(peer, rank, length));
      };
      return { works, check };
    }
    case "barrier":
      return { works: [group.barrier()], check: async () => {} };
    case "broadcastObject": {
      const work = group.broadcastObject(rank === root ? { from: root, text: "é".repeat(length) } : undefined, root);
      const check = async () => {
        const value = await work;
        if (value?.from !== root || value.text.length !== length)
          throw new Error(`${c.text}: got ${JSON.stringify(value)}`);
      };
      return { works: [work], check };
    }
    case "allGatherObject": {
      const work = group.allGatherObject({ rank, list: Array.from({ length: rank }, () => length) });
      const check = async () => {
        const wanted = range.map((r) => ({ rank: r, list: Array.from({ length: r }, () => length) }));
        if (JSON.stringify(await work) !== JSON.stringify(wanted))
          throw new Error(`${c.text}: got ${JSON.stringify(await work)}`);
      };
      return { works: [work], check };
    }
  }
}

/** Lengths: often tiny or zero, sometimes beyond every threshold of the tuner. */
function lengths(random: Random): number {
  const kind = random();
  if (kind < 0.15) return 0;
  if (kind < 0.5) return 1 + Math.floor(random() * 8);
  if (kind < 0.85) return Math.floor(random() * 700);
  return 2000 + Math.floor(random() * 9000);
}

/** Numbers whose sums and products stay in the range of the dtype, or wrap on purpose. */
function numbers(random: Random, count: number, dtype: DType, operator: Operator): number[] {
  const one = (): number => {
    if (dtype === "u8") return Math.floor(random() * 256);
    if (dtype === "i32") return Math.floor((random() - 0.5) * 2 ** (operator === "product" ? 32 : 31));
    return operator === "product" ? 0.5 + random() : (random() - 0.5) * 20;
  };
  return Array.from({ length: count }, one);
}

async function expectEqual(got: Tensor, wanted: Tensor, text: string): Promise<void> {
  const [a, b] = [await got.data(), await wanted.data()];
  for (let i = 0; i < b.length; i++)
    if (a[i] !== b[i]) throw new Error(`${text}: element ${i} is ${a[i]}, not ${b[i]}`);
  if (a.length !== b.length) throw new Error(`${text}: ${a.length} elements, not ${b.length}`);
}

/** The plain reference: float64, or integers modulo the dtype. */
async function expectReduced(got: Tensor, inputs: readonly Tensor[], c: Case): Promise<void> {
  const result = await got.data();
  const columns = await Promise.all(inputs.map((input) => input.data()));
  const n = inputs.length;
  for (let i = 0; i < result.length; i++) {
    const values = columns.map((column) => column[i]);
    const wanted = reducePlain(values, c.operator, c.dtype);
    const size = c.operator === "product" ? Math.abs(wanted) : values.reduce((sum, value) => sum + Math.abs(value), 0);
    const exact = c.operator === "min" || c.operator === "max" || rounding[c.dtype] === 0;
    const allowed = exact ? 0 : rounding[c.dtype] * Math.abs(wanted) + STEP * (n + 1) * size + 2 ** -25;
    if (!(Math.abs(result[i] - wanted) <= allowed)) {
      throw new Error(`${c.text}: element ${i} of ${result.length} is ${result[i]}, not ${wanted} (from ${values})`);
    }
  }
}

function reducePlain(values: readonly number[], operator: Operator, dtype: DType): number {
  const wrap = (x: bigint): number => Number(dtype === "u8" ? BigInt.asUintN(8, x) : BigInt.asIntN(32, x));
  if (operator === "min") return Math.min(...values);
  if (operator === "max") return Math.max(...values);
  const integers = dtype === "i32" || dtype === "u8";
  if (operator === "product") {
    if (integers) return wrap(values.reduce((p, v) => p * BigInt(v), 1n));
    return values.reduce((p, v) => p * v, 1);
  }
  if (integers) {
    const sum = values.reduce((s, v) => s + BigInt(v), 0n);
    return operator === "sum" ? wrap(sum) : Number(sum / BigInt(values.length));
  }
  const sum = values.reduce((s, v) => s + v, 0);
  return operator === "sum" ? sum : sum / values.length;
}

/** Sometimes nothing, sometimes a pause: ranks come early and late in turn. */
async function delay(random: Random, sleep: (ms: number) => Promise<void>): Promise<void> {
  const kind = random();
  if (kind < 0.05) await sleep(random() * 2);
  else if (kind < 0.3) for (let i = Math.floor(random() * 20); i > 0; i--) await undefined;
}

function shuffle<T>(list: readonly T[], random: Random): T[] {
  const result = [...list];
  for (let i = result.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [result[i], result[j]] = [result[j], result[i]];
  }
  return result;
}
