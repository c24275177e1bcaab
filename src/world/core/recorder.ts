/**
 * The flight recorder: the last operations of a rank. It copies numbers into typed arrays
 * and keeps no object alive, because a thousand survivors would make every collection of
 * garbage slow; text is made only when a report is asked for.
 */
import { codeOf, type DType, dtypes } from "../../device/index.ts";
import { formatSite, type Site } from "../../trace/site.ts";
import { allReduceAlgorithms } from "../algorithms/tuner.ts";
import {
  formatMade,
  formatOperation,
  type GroupInfo,
  kinds,
  type Operation,
  operatorCodes,
  operators,
  SHOWN_TENSORS,
} from "./operation.ts";
import type { Contiguous } from "./span.ts";

/** Operations kept. */
const SIZE = 1000;
/** Numbers of an operation: kind, seq, hash, operator, root, algorithm, peer, tag, data count, dtype, axes, four lengths. */
const FIELDS = 15;
const AXES = 4;
/** Words before the operations: see Pulse. */
const HEAD = 16;
const ISSUED_AT = 4 * (HEAD + SIZE * FIELDS);
const STATES_AT = ISSUED_AT + 8 * SIZE;

const dtypeNames = Object.keys(dtypes) as DType[];

/** One line of a dump. */
export interface FlightRecord {
  readonly operation: string;
  readonly group: string;
  readonly groupId: number;
  /** Place in the group's order of collectives, 0 for send and recv. */
  readonly seq: number;
  readonly hash: number;
  readonly state: "in flight" | "done" | "failed";
  readonly site: string;
  /** Milliseconds on the job's clock; for operations that never waited, not before this. */
  readonly issued: number;
}

/** Words of a rank that grow when something moves, each written by one thread. */
export const pulse = {
  /** Operations issued. */
  OPERATIONS: 0,
  /** Moves of the engine in the program's thread, and of that in its communication stream's. */
  MOVES: 1,
  COMM_MOVES: 2,
  /** Kernels and graphs launched. */
  LAUNCHES: 3,
  /** 1 once the program runs. */
  STARTED: 4,
} as const;

/** Where a recorder lies that other threads can read. */
export interface RecorderPlace {
  readonly memory: SharedArrayBuffer;
  /** Bytes from its start, a multiple of 8. */
  readonly offset: number;
}

/** What others see of a recorder. */
export interface Peeked {
  /** The last operation, without its line and its group's name. */
  readonly last: FlightRecord | undefined;
  /** Differs whenever something has moved. */
  readonly moved: number;
  /** Whether any operation is in flight. */
  readonly underWay: boolean;
  /** Whether the program runs. */
  readonly started: boolean;
}

export function pulseAt({ memory, offset }: RecorderPlace): Int32Array {
  return new Int32Array(memory, offset, HEAD);
}

export class Recorder {
  /** Bytes of a recorder, a multiple of 8. */
  static readonly bytes = Math.ceil((STATES_AT + SIZE) / 8) * 8;
  /** What moves, for those who watch from other threads. */
  readonly pulse: Int32Array;
  readonly #fields: Int32Array;
  readonly #issued: Float64Array;
  readonly #states: Uint8Array;
  readonly #groups: GroupInfo[] = [];
  readonly #sites: (Site | undefined)[] = [];
  /** By number: what an operation makes. Few make anything. */
  readonly #made = new Map<number, string>();
  readonly #lists = new Lists();
  #count = 0;

  /** @param place in memory that others see, zeroed; in memory of its own if not given. */
  constructor(place?: RecorderPlace) {
    const { memory, offset } = place ?? { memory: new ArrayBuffer(Recorder.bytes), offset: 0 };
    this.pulse = new Int32Array(memory, offset, HEAD);
    this.#fields = new Int32Array(memory, offset + 4 * HEAD, SIZE * FIELDS);
    this.#issued = new Float64Array(memory, offset + ISSUED_AT, SIZE);
    this.#states = new Uint8Array(memory, offset + STATES_AT, SIZE);
  }

  /** What another thread's recorder holds. */
  static peek(place: RecorderPlace): Peeked {
    const recorder = new Recorder(place);
    const { pulse: words } = recorder;
    recorder.#count = Atomics.load(words, pulse.OPERATIONS);
    const kept = Math.min(recorder.#count, SIZE);
    return {
      last: recorder.dump(1)[0],
      moved: words.reduce((sum, word) => sum + word, 0),
      underWay: recorder.#states.subarray(0, kept).includes(0),
      started: words[pulse.STARTED] !== 0,
    };
  }

  /** Operations issued so far. */
  get count(): number {
    return this.#count;
  }

  /** Records an operation, before it begins. @returns its number, for `end` and `locate`. */
  add(operation: Operation, issued: number): number {
    const number = this.#count++;
    this.pulse[pulse.OPERATIONS] = this.#count;
    const at = number % SIZE;
    const f = this.#fields;
    const base = at * FIELDS;
    const { operator, algorithm, data, made } = operation;
    f[base] = operation.kindCode;
    f[base + 1] = operation.seq;
    f[base + 2] = operation.hash;
    f[base + 3] = operator === undefined ? -1 : operatorCodes[operator];
    f[base + 4] = operation.root ?? -1;
    f[base + 5] = algorithm === undefined ? -1 : allReduceAlgorithms.indexOf(algorithm);
    f[base + 6] = operation.peer ?? -1;
    f[base + 7] = operation.tag ?? 0;
    f[base + 8] = data.length;
    if (data.length > 0) {
      const { dtype, shape } = data[0];
      f[base + 9] = codeOf(dtype);
      f[base + 10] = shape.length;
      for (let axis = 0; axis < AXES && axis < shape.length; axis++) f[base + 11 + axis] = shape[axis];
      if (data.length > 1) f[base + 11] = this.#lists.add(data);
    }
    this.#issued[at] = issued;
    this.#states[at] = 0;
    if (this.#groups[at] !== operation.group) this.#groups[at] = operation.group;
    if (this.#sites[at] !== operation.site) this.#sites[at] = operation.site;
    if (made) this.#keep(number, formatMade(made));
    return number;
  }

  #keep(number: number, made: string): void {
    for (const old of this.#made.keys()) if (old <= number - SIZE) this.#made.delete(old);
    this.#made.set(number, made);
  }

  /** Adds time and call site of an operation that had to wait. */
  locate({ entry, site }: Operation, issued: number): void {
    if (!this.#keeps(entry)) return;
    this.#issued[entry % SIZE] = issued;
    this.#sites[entry % SIZE] = site;
  }

  /** When an operation was called, in milliseconds on the job's clock; undefined of one that is kept no more. */
  issuedAt(entry: number): number | undefined {
    return this.#keeps(entry) ? this.#issued[entry % SIZE] : undefined;
  }

  #keeps(entry: number): boolean {
    return entry >= 0 && entry >= this.#count - SIZE;
  }

  end(number: number, failed: boolean): void {
    if (number >= 0 && number >= this.#count - SIZE) this.#states[number % SIZE] = failed ? 2 : 1;
  }

  /** The last `limit` operations, oldest first. */
  dump(limit = SIZE): FlightRecord[] {
    const from = Math.max(0, this.#count - Math.min(limit, SIZE));
    return Array.from({ length: this.#count - from }, (_, i) => this.#record(from + i));
  }

  #record(number: number): FlightRecord {
    const at = number % SIZE;
    const [kind, seq, hash, operator, root, algorithm, peer, tag, count, code, axes, ...lengths] =
      this.#fields.subarray(at * FIELDS, (at + 1) * FIELDS);
    const optional = (value: number): number | undefined => (value < 0 ? undefined : value);
    const dtype = dtypeNames[code];
    const first: (number | string)[] = lengths.slice(0, Math.min(axes, AXES));
    if (axes > AXES) first.push("…");
    const shapes = count > 1 ? this.#lists.get(lengths[0]) : [first].slice(0, count);
    const operation = formatOperation({
      kind: kinds[kind],
      operator: operators[operator],
      root: optional(root),
      algorithm: allReduceAlgorithms[algorithm],
      peer: optional(peer),
      tag,
      data: shapes.map((shape) => ({ dtype, shape: shape as number[] })),
      more: count - shapes.length,
      made: this.#made.get(number),
    });
    const state = (["in flight", "done", "failed"] as const)[this.#states[at]];
    const site = formatSite(this.#sites[at]);
    const { id: groupId, name: group } = this.#groups[at] ?? { id: -1, name: "" };
    return { operation, group, groupId, seq, hash, state, site, issued: this.#issued[at] };
  }
}

/** Numbers kept of lists, a power of two: enough for the last hundreds. */
const LIST_WORDS = 4096;
/** Places are counted up to this. */
const PLACES = 2 ** 30;

/** Shapes of lists of tensors, one behind the other in a ring buffer; those of old lists are overwritten. */
class Lists {
  /** Made for the first list, because most ranks of a large world have none. */
  #words: Int32Array | undefined;
  #end = 0;

  /** @returns where the list begins. */
  add(list: readonly Contiguous[]): number {
    this.#words ??= new Int32Array(LIST_WORDS);
    const begin = this.#end;
    const shown = Math.min(list.length, SHOWN_TENSORS);
    this.#push(shown);
    for (let i = 0; i < shown; i++) {
      const { shape } = list[i];
      const axes = Math.min(shape.length, AXES);
      this.#push(axes);
      for (let axis = 0; axis < axes; axis++) this.#push(shape[axis]);
    }
    return begin;
  }

  /** The shapes of a list, none if it was overwritten. */
  get(begin: number): number[][] {
    const words = this.#words;
    if (!words || (this.#end - begin + PLACES) % PLACES > LIST_WORDS) return [];
    let at = begin;
    const next = (): number => words[at++ % LIST_WORDS];
    return Array.from({ length: next() }, () => Array.from({ length: next() }, next));
  }

  #push(word: number): void {
    (this.#words as Int32Array)[this.#end % LIST_WORDS] = word;
    this.#end = (this.#end + 1) % PLACES;
  }
}
