/**
 * Runs an allReduce on virtual time: the very generators that ranks run, over links that exist
 * only as figures. It answers how long an algorithm would take on a described machine, and is
 * the judge of the formulas beside the algorithms.
 *
 * The model: a message starts when both sides have posted it and everything on its way is free
 * (the sender's way out, the receiver's way in, and links that several pairs share); what was
 * posted first starts first. It takes alpha + bytes × beta of its route. Ports are taken for all
 * of that time, shared links for the time that the bytes need on them. Adding up takes no time:
 * on a GPU it hides behind the links.
 */
import {
  type AllReduceAlgorithm,
  allReduceSteps,
  type Comm,
  type LinkCost,
  type MessageAlgorithm,
  type Operation,
  type Request,
  type Sent,
  type Span,
  type Steps,
} from "../world/index.ts";

/** How a message gets from one rank to another. */
export interface Route {
  /** Seconds before the first byte. */
  readonly alpha: number;
  /** Seconds a byte. */
  readonly beta: number;
  /** Links that other pairs use, too: their names, and seconds that a byte keeps each busy. */
  readonly shared?: readonly { readonly name: string; readonly beta: number }[];
}

/** A network that is only figures. */
export interface VirtualNetwork {
  readonly size: number;
  /** Ranks of each node, in order. */
  readonly nodes: readonly (readonly number[])[];
  /** What a message costs on the slowest of its routes. */
  readonly link: LinkCost;
  route(from: number, to: number): Route;
}

/** What an algorithm did on it, and when. */
export interface VirtualRun {
  /** Seconds until the last rank is done. */
  readonly seconds: number;
  /** By rank. */
  readonly sent: readonly Sent[];
  /** Seconds that each shared link was busy. */
  readonly busy: ReadonlyMap<string, number>;
}

/** Every pair joined by a link of its own, all on one node. */
export function uniformNetwork(size: number, alpha: number, beta: number): VirtualNetwork {
  const nodes = [Array.from({ length: size }, (_, rank) => rank)];
  return { size, nodes, link: { alpha, beta }, route: () => ({ alpha, beta }) };
}

/** @param count elements. @param itemBytes bytes of an element: 4 or 2. @param onMessage told of each message. */
export function runVirtual(
  network: VirtualNetwork,
  algorithm: MessageAlgorithm,
  count: number,
  itemBytes: 2 | 4 = 4,
  onMessage: (from: number, to: number, bytes: number) => void = () => {},
): VirtualRun {
  return new VirtualMachine(network, onMessage).run(algorithm, count, itemBytes);
}

interface VirtualRequest extends Request {
  done: boolean;
}

interface Half {
  readonly bytes: number;
  /** Place in the order of all sends; 0 for receives. */
  readonly posted: number;
  readonly request: VirtualRequest;
}

/** A message that both sides have posted. */
interface Ready {
  readonly from: number;
  readonly to: number;
  readonly bytes: number;
  /** Place in the order of all sends. */
  readonly posted: number;
  readonly requests: readonly VirtualRequest[];
}

interface Event {
  readonly time: number;
  /** Tells events of one time apart, in the order they were made. */
  readonly order: number;
  /** Comes after everything else of its time. */
  readonly late: boolean;
  readonly happen: () => void;
}

class VirtualMachine {
  readonly #network: VirtualNetwork;
  readonly #onMessage: (from: number, to: number, bytes: number) => void;
  readonly #events: Event[] = [];
  readonly #sends = new Map<number, Half[]>();
  readonly #receives = new Map<number, Half[]>();
  /** By sender: what is posted on both sides and has not started. */
  readonly #ready = new Map<number, Ready[]>();
  /** When each port and each shared link is free again. */
  readonly #outFree: Float64Array;
  readonly #inFree: Float64Array;
  readonly #freeAt = new Map<string, number>();
  readonly #busy = new Map<string, number>();
  readonly #sent: { messages: number; bytes: number }[];
  readonly #steps: Steps[] = [];
  readonly #waiting: (readonly Request[])[] = [];
  #now = 0;
  #order = 0;
  #posted = 0;
  #starting = false;
  #last = 0;

  constructor(network: VirtualNetwork, onMessage: (from: number, to: number, bytes: number) => void) {
    this.#network = network;
    this.#onMessage = onMessage;
    this.#outFree = new Float64Array(network.size);
    this.#inFree = new Float64Array(network.size);
    this.#sent = Array.from({ length: network.size }, () => ({ messages: 0, bytes: 0 }));
  }

  run(algorithm: AllReduceAlgorithm, count: number, itemBytes: 2 | 4): VirtualRun {
    const { size } = this.#network;
    const dtype = itemBytes === 4 ? "f32" : "f16";
    const span = { buffer: undefined, offset: 0, count, dtype } as unknown as Span;
    const tensor = { ...span, size: count, shape: [count], isContiguous: true };
    const operation = { data: [tensor], operator: "sum" } as unknown as Operation;
    for (let rank = 0; rank < size; rank++) {
      this.#steps[rank] = allReduceSteps[algorithm](this.#comm(rank, itemBytes), operation);
    }
    for (let rank = 0; rank < size; rank++) this.#advance(rank);
    for (let event = this.#next(); event; event = this.#next()) {
      this.#now = event.time;
      event.happen();
    }
    return { seconds: this.#last, sent: this.#sent, busy: this.#busy };
  }

  /** Lets a rank go on until it must wait. */
  #advance(rank: number): void {
    while ((this.#waiting[rank] ?? []).every(({ done }) => done)) {
      const { value, done } = this.#steps[rank].next();
      if (done) {
        this.#last = Math.max(this.#last, this.#now);
        this.#waiting[rank] = [{ done: false, peer: rank }];
        return;
      }
      this.#waiting[rank] = Array.isArray(value) ? (value as Request[]) : [value as Request];
    }
  }

  #post(way: "send" | "recv", rank: number, peer: number, bytes: number): Request {
    const request = { done: false, peer };
    const half = { bytes, posted: way === "send" ? ++this.#posted : 0, request };
    const [from, to] = way === "send" ? [rank, peer] : [peer, rank];
    const key = from * this.#network.size + to;
    const [mine, theirs] = way === "send" ? [this.#sends, this.#receives] : [this.#receives, this.#sends];
    const other = theirs.get(key)?.shift();
    if (way === "send") {
      this.#sent[rank].messages++;
      this.#sent[rank].bytes += bytes;
      this.#onMessage(rank, peer, bytes);
    }
    if (!other) mine.set(key, [...(mine.get(key) ?? []), half]);
    else if (other.bytes !== bytes)
      throw new Error(`rank ${rank} posted ${bytes} bytes where rank ${peer} posted ${other.bytes}`);
    else {
      const posted = Math.max(half.posted, other.posted);
      const message = { from, to, bytes, posted, requests: [half.request, other.request] };
      const own = this.#ready.get(from);
      if (own) own.push(message);
      else this.#ready.set(from, [message]);
      this.#startSoon(this.#now);
    }
    return request;
  }

  /** Starts what can start, once everything else that happens at that time has happened. */
  #startSoon(time: number): void {
    if (time === this.#now && this.#starting) return;
    if (time === this.#now) this.#starting = true;
    this.#at(time, () => this.#start(), true);
  }

  #start(): void {
    this.#starting = false;
    // Only what a free sender has to send can start; of that, what was posted first.
    const able: Ready[] = [];
    for (const [from, own] of this.#ready) if (this.#outFree[from] <= this.#now) able.push(...own);
    able.sort((x, y) => x.posted - y.posted);
    for (const message of able) {
      if (!this.#move(message)) continue;
      const own = this.#ready.get(message.from) as Ready[];
      if (own.length === 1) this.#ready.delete(message.from);
      else own.splice(own.indexOf(message), 1);
    }
  }

  /** Carries a message if its way is free. @returns whether it is. */
  #move({ from, to, bytes, requests }: Ready): boolean {
    if (this.#outFree[from] > this.#now || this.#inFree[to] > this.#now) return false;
    const { alpha, beta, shared = [] } = this.#network.route(from, to);
    if (shared.some(({ name }) => (this.#freeAt.get(name) ?? 0) > this.#now)) return false;
    const end = this.#now + alpha + bytes * beta;
    this.#outFree[from] = end;
    this.#inFree[to] = end;
    for (const link of shared) {
      const time = bytes * link.beta;
      this.#freeAt.set(link.name, this.#now + time);
      this.#busy.set(link.name, (this.#busy.get(link.name) ?? 0) + time);
      this.#startSoon(this.#now + time);
    }
    this.#at(end, () => {
      for (const request of requests) request.done = true;
      this.#advance(from);
      this.#advance(to);
      this.#startSoon(end);
    });
    return true;
  }

  #comm(rank: number, itemBytes: number): Comm {
    const bytes = (span: Span): number => span.count * itemBytes;
    return {
      rank,
      size: this.#network.size,
      nodes: this.#network.nodes,
      link: this.#network.link,
      send: (to, span) => this.#post("send", rank, to, bytes(span)),
      sendCopy: (to, span) => void this.#post("send", rank, to, bytes(span)),
      recv: (from, span) => this.#post("recv", rank, from, bytes(span)),
      recvCombine: (from, span) => this.#post("recv", rank, from, bytes(span)),
      copy: () => {},
      combine: () => {},
      widen: () => {},
      narrow: () => {},
      scratch: (count, dtype) => ({ buffer: undefined, offset: 0, count, dtype }) as unknown as Span,
      peek: () => new Uint8Array(),
      poke: () => {},
    };
  }

  #at(time: number, happen: () => void, late = false): void {
    const event = { time, order: this.#order++, late, happen };
    // A binary heap: the earliest event is the first.
    const heap = this.#events;
    let at = heap.push(event) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!earlier(event, heap[above])) break;
      heap[at] = heap[above];
      at = above;
    }
    heap[at] = event;
  }

  #next(): Event | undefined {
    const heap = this.#events;
    const first = heap[0];
    const last = heap.pop();
    if (!last || heap.length === 0) return last;
    let at = 0;
    for (let child = 1; child < heap.length; child = 2 * at + 1) {
      if (child + 1 < heap.length && earlier(heap[child + 1], heap[child])) child++;
      if (!earlier(heap[child], last)) break;
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

function earlier(a: Event, b: Event): boolean {
  if (a.time !== b.time) return a.time < b.time;
  return a.late === b.late ? a.order < b.order : b.late;
}
