/**
 * The flight recorder: the last operations of a rank. It copies numbers into typed arrays
 * and keeps no object alive, because a thousand survivors would make every collection of
 * garbage slow; text is made only when a report is asked for.
 */
import { codeOf, type DType, dtypes } from "../device/index.ts";
import { formatSite, type Site } from "../trace/site.ts";
import { formatOperation, type GroupInfo, kinds, type Operation, operators } from "./operation.ts";

/** Operations kept. */
const SIZE = 1000;
/** Numbers of an operation: kind, seq, hash, operator, root, peer, tag, data count, dtype, axes, four lengths. */
const FIELDS = 14;
const AXES = 4;

const dtypeNames = Object.keys(dtypes) as DType[];

/** One line of a dump. */
export interface FlightRecord {
  readonly operation: string;
  readonly group: string;
  readonly groupId: number;
  /** Place in the group's order of collectives, 0 for send and recv. */
  readonly seq: number;
  readonly hash: number;
  readonly state: "under way" | "done" | "failed";
  readonly site: string;
  /** Milliseconds on the job's clock; for operations that never waited, not before this. */
  readonly issued: number;
}

export class Recorder {
  readonly #fields = new Int32Array(SIZE * FIELDS);
  readonly #issued = new Float64Array(SIZE);
  readonly #states = new Uint8Array(SIZE);
  readonly #groups: GroupInfo[] = [];
  readonly #sites: (Site | undefined)[] = [];
  #count = 0;

  /** Operations issued so far. */
  get count(): number {
    return this.#count;
  }

  /** Records an operation. @returns its number, for `end` and `locate`. */
  add(operation: Operation, issued: number): number {
    const number = this.#count++;
    const at = number % SIZE;
    const f = this.#fields;
    const base = at * FIELDS;
    const data = operation.data[0];
    f[base] = operation.kindCode;
    f[base + 1] = operation.seq;
    f[base + 2] = operation.hash;
    f[base + 3] = operation.operator === undefined ? -1 : operators.indexOf(operation.operator);
    f[base + 4] = operation.root ?? -1;
    f[base + 5] = operation.peer ?? -1;
    f[base + 6] = operation.tag ?? 0;
    f[base + 7] = operation.data.length;
    if (data) {
      const { shape } = data;
      f[base + 8] = codeOf(data.dtype);
      f[base + 9] = shape.length;
      for (let axis = 0; axis < AXES && axis < shape.length; axis++) f[base + 10 + axis] = shape[axis];
    }
    this.#issued[at] = issued;
    this.#states[at] = 0;
    if (this.#groups[at] !== operation.group) this.#groups[at] = operation.group;
    if (this.#sites[at] !== operation.site) this.#sites[at] = operation.site;
    return number;
  }

  /** Adds time and call site of an operation that had to wait. */
  locate(number: number, issued: number, site: Site | undefined): void {
    this.#issued[number % SIZE] = issued;
    this.#sites[number % SIZE] = site;
  }

  end(number: number, failed: boolean): void {
    if (number >= this.#count - SIZE) this.#states[number % SIZE] = failed ? 2 : 1;
  }

  /** The last `limit` operations, oldest first. */
  dump(limit = SIZE): FlightRecord[] {
    const from = Math.max(0, this.#count - Math.min(limit, SIZE));
    return Array.from({ length: this.#count - from }, (_, i) => this.#record((from + i) % SIZE));
  }

  #record(at: number): FlightRecord {
    const [kind, seq, hash, operator, root, peer, tag, data, dtype, axes, ...lengths] = this.#fields.subarray(
      at * FIELDS,
      (at + 1) * FIELDS,
    );
    const optional = (value: number): number | undefined => (value < 0 ? undefined : value);
    const shape: (number | string)[] = lengths.slice(0, Math.min(axes, AXES));
    if (axes > AXES) shape.push("…");
    const operation = formatOperation({
      kind: kinds[kind],
      operator: operators[operator],
      root: optional(root),
      peer: optional(peer),
      tag,
      data: Array.from({ length: Math.min(data, 1) }, () => ({ dtype: dtypeNames[dtype], shape: shape as number[] })),
      more: data - 1,
    });
    const state = (["under way", "done", "failed"] as const)[this.#states[at]];
    const site = formatSite(this.#sites[at]);
    const { id: groupId, name: group } = this.#groups[at];
    return { operation, group, groupId, seq, hash, state, site, issued: this.#issued[at] };
  }
}
