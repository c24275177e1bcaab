/**
 * A group that behaves as the one behind it, and notes what its rank calls and what it gives to the
 * others. It can also add a number to all that is given: a result that stays the same afterwards was
 * not made of what the ranks told each other.
 */
import { Tensor } from "../tensor/index.ts";
import type { ProcessGroup, TrafficOperation, Work } from "../world/index.ts";
import { Odd, plainOf } from "./report.ts";

type Kind = TrafficOperation["kind"];

/** One call, as its rank made it. */
export interface Watched {
  readonly kind: Kind;
  /** World ranks of the group that it was called on. */
  readonly group: readonly number[];
  /** World rank of the other side, for send and recv. */
  readonly peer?: number;
  /** Of the tensors that were given. */
  readonly dtype?: string;
  /** What was given: the elements of tensors, or an object; undefined where nothing is. */
  readonly gave?: unknown;
}

/** A group under watch. */
export interface Watch {
  /** Hand this to the answer. */
  readonly world: ProcessGroup;
  /** What was called on it, and on the groups made of it. */
  calls(): Promise<Watched[]>;
  /** How many calls there were so far: of a kind, or all. */
  count(kind?: TrafficOperation["kind"]): number;
  /** World ranks of the groups that were made of it and have this rank. */
  readonly made: readonly (readonly number[])[];
}

interface Noted extends Omit<Watched, "gave" | "dtype"> {
  readonly tensors?: readonly Tensor[];
  readonly object?: unknown;
}

type Method = (...args: readonly unknown[]) => unknown;

/** Collectives: which argument is given to the others, and which is the root that gives it, if only one does. */
const collectives: Partial<Record<Kind, { readonly at?: number; readonly root?: number }>> = {
  reduce: { at: 0 },
  allReduce: { at: 0 },
  gather: { at: 1 },
  allGather: { at: 1 },
  reduceScatter: { at: 1 },
  allToAll: { at: 1 },
  allToAllRows: { at: 1 },
  allGatherObject: { at: 0 },
  broadcast: { at: 0, root: 1 },
  broadcastObject: { at: 0, root: 1 },
  scatter: { at: 1, root: 2 },
  barrier: {},
};
/** Those whose result comes to where the given was. */
const inPlace: readonly Kind[] = ["reduce", "allReduce"];

/** Elements of a call that are noted; an exercise needs far fewer. */
const MOST = 10_000;

/**
 * Watches what a rank does with a group, and with those made of it.
 * @param plus added to every number that this rank gives to the others.
 */
export function watch(world: ProcessGroup, plus = 0): Watch {
  const noted: Noted[] = [];
  const made: (readonly number[])[] = [];
  const proxies = new Map<ProcessGroup, ProcessGroup>();

  const wrap = (group: ProcessGroup): ProcessGroup => {
    const known = proxies.get(group);
    if (known) return known;
    const proxy = new Proxy(group, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== "function") return value;
        const call: Method = value.bind(target);
        return (...args: readonly unknown[]) => watched(target, String(name) as Kind | "batchSendRecv", call, args);
      },
    });
    proxies.set(group, proxy);
    return proxy;
  };

  const watched = (group: ProcessGroup, kind: Kind | "batchSendRecv", call: Method, args: readonly unknown[]) => {
    const { ranks } = group;
    if (kind === "batchSendRecv") {
      const [list] = args;
      if (!Array.isArray(list)) return call(...args);
      return call(list.map((each) => ({ ...each, tensor: message(ranks, each.op, each.tensor, each.peer) })));
    }
    if (kind === "split" || kind === "newGroup") {
      noted.push({ kind, group: ranks });
      return member(call(...args) as Work<ProcessGroup | undefined>);
    }
    if (kind === "send" || kind === "recv") return call(message(ranks, kind, args[0], args[1]), ...args.slice(1));
    const collective = Object.hasOwn(collectives, kind) ? collectives[kind] : undefined;
    if (!collective) return call(...args);
    const { at, root } = collective;
    const gives = at !== undefined && (root === undefined || (args[root] ?? 0) === group.rank);
    if (!gives) {
      noted.push({ kind, group: ranks });
      return call(...args);
    }
    const given = args[at];
    const withGiven = (other: unknown): unknown => call(...args.map((each, i) => (i === at ? other : each)));
    if (kind === "allGatherObject" || kind === "broadcastObject") {
      noted.push({ kind, group: ranks, object: given });
      return plus === 0 ? call(...args) : withGiven(moved(given, plus));
    }
    const tensors = [given].flat().filter((each) => each instanceof Tensor);
    noted.push({ kind, group: ranks, tensors: tensors.map((tensor) => tensor.clone()) });
    if (plus === 0 || tensors.length === 0) return call(...args);
    if (!inPlace.includes(kind)) return withGiven(Array.isArray(given) ? tensors.map(more) : more(tensors[0]));
    for (const tensor of tensors) tensor.add_(plus);
    return call(...args);
  };
  const more = (tensor: Tensor): Tensor => tensor.add(plus);

  /** Notes a message. @returns the tensor to send, or to receive into. */
  const message = (group: readonly number[], op: unknown, tensor: unknown, peer: unknown): unknown => {
    const noting = { group, peer: group[Number(peer)] };
    if (op !== "send" || !(tensor instanceof Tensor)) {
      noted.push({ kind: op === "send" ? "send" : "recv", ...noting });
      return tensor;
    }
    noted.push({ kind: "send", ...noting, tensors: [tensor.clone()] });
    return plus === 0 ? tensor : more(tensor);
  };

  /** A Work whose group, once there, is watched, too. */
  const member = (work: Work<ProcessGroup | undefined>): Work<ProcessGroup | undefined> => {
    const wrapped = (group: ProcessGroup | undefined): ProcessGroup | undefined => {
      if (!group) return undefined;
      if (!proxies.has(group)) made.push(group.ranks);
      return wrap(group);
    };
    return new Proxy(work, {
      get(target, name) {
        if (name === "then") return (...then: Parameters<typeof work.then>) => target.then(wrapped).then(...then);
        const value: unknown = Reflect.get(target, name, target);
        if (name === "value") return wrapped(value as ProcessGroup | undefined);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  };

  const count = (kind?: Kind): number => noted.filter((each) => kind === undefined || each.kind === kind).length;
  return { world: wrap(world), calls: () => Promise.all(noted.map(read)), count, made };
}

async function read({ tensors, object, ...call }: Noted): Promise<Watched> {
  if (tensors === undefined) return object === undefined ? call : { ...call, gave: plainOf(object) };
  const gave: number[] = [];
  const few = tensors.filter(({ size }) => size <= MOST);
  for (const tensor of few) gave.push(...Array.from(await tensor.data(), Number));
  return { ...call, dtype: tensors[0]?.dtype, gave };
}

/** An object with greater numbers, negated booleans, and other strings. */
function moved(value: unknown, plus: number): unknown {
  if (typeof value === "number") return value + plus;
  if (typeof value === "boolean") return !value;
  if (typeof value === "string") return `${value}+${plus}`;
  if (Array.isArray(value)) return value.map((each) => moved(each, plus));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, moved(each, plus)]));
}

/**
 * Some fields of what an answer returned, which may be an object of a class of its own, as its judge will see
 * them. What is no object, or throws when it is looked at, is for `formed` to name.
 */
export function fieldsOf(value: unknown, names: readonly string[]): unknown {
  if (typeof value !== "object" || value === null) return plainOf(value);
  try {
    if (Array.isArray(value) || value instanceof Tensor || value instanceof Promise) return plainOf(value);
    const there = names.filter((name) => name in value);
    return Object.fromEntries(there.map((name) => [name, plainOf(Reflect.get(value, name))]));
  } catch {
    return new Odd("an object that throws when it is looked at");
  }
}
