/**
 * The store of another thread or process: calls and replies as messages. Each call has a
 * number, so that a client that lost its connection can ask again and a call that was
 * already carried out (an `add`) is answered, not repeated.
 */
import { checkCall, type StoreCall } from "./calls.ts";
import type { MemoryStore } from "./memory-store.ts";
import { type Store, StoreClosedError, storeError } from "./store.ts";

export type StoreReply = { readonly value: unknown } | { readonly error: string; readonly message: string };

interface Outstanding {
  readonly call: StoreCall;
  resolve(value: unknown): void;
  reject(error: Error): void;
}

export class RemoteStore implements Store {
  readonly #post: (id: number, oldest: number, call: StoreCall) => void;
  readonly #outstanding = new Map<number, Outstanding>();
  #id = 0;
  #closed: string | undefined;

  /** @param post sends a call; `oldest` is the first number that may still be asked again. */
  constructor(post: (id: number, oldest: number, call: StoreCall) => void) {
    this.#post = post;
  }

  set(key: string, value: string): Promise<void> {
    return this.#call("set", [key, value]);
  }

  get(key: string, timeout?: number): Promise<string> {
    return this.#call("get", [key, timeout]);
  }

  wait(keys: readonly string[], timeout?: number): Promise<void> {
    return this.#call("wait", [keys, timeout]);
  }

  add(key: string, amount: number): Promise<number> {
    return this.#call("add", [key, amount]);
  }

  compareSet(key: string, expected: string, desired: string): Promise<string> {
    return this.#call("compareSet", [key, expected, desired]);
  }

  delete(key: string): Promise<boolean> {
    return this.#call("delete", [key]);
  }

  barrier(name: string, count: number, timeout?: number): Promise<void> {
    return this.#call("barrier", [name, count, timeout]);
  }

  /** A reply has come. */
  replied(id: number, reply: StoreReply): void {
    const call = this.#outstanding.get(id);
    this.#outstanding.delete(id);
    if ("error" in reply) call?.reject(storeError(reply.error, reply.message));
    else call?.resolve(reply.value);
  }

  /** The connection is a new one: asks again what has not been answered. */
  again(): void {
    for (const [id, { call }] of this.#outstanding) this.#post(id, this.#oldest(), call);
  }

  /** No reply will come any more. */
  close(reason: string): void {
    this.#closed = reason;
    for (const { reject } of this.#outstanding.values()) reject(new StoreClosedError(reason));
    this.#outstanding.clear();
  }

  #call<T>(method: StoreCall["method"], args: readonly unknown[]): Promise<T> {
    if (this.#closed !== undefined) return Promise.reject(new StoreClosedError(this.#closed));
    return new Promise<T>((resolve, reject) => {
      const id = ++this.#id;
      const call = { method, args };
      this.#outstanding.set(id, { call, resolve: resolve as (value: unknown) => void, reject });
      this.#post(id, this.#oldest(), call);
    });
  }

  #oldest(): number {
    return this.#outstanding.keys().next().value ?? this.#id + 1;
  }
}

/** One client's side of a store at the process that keeps it. */
export class StoreSession {
  readonly #store: MemoryStore;
  readonly #replies = new Map<number, Promise<StoreReply>>();
  readonly #unanswered = new Set<number>();
  #last = 0;

  constructor(store: MemoryStore) {
    this.#store = store;
  }

  /** Number of the last call that has come. */
  get last(): number {
    return this.#last;
  }

  /** Whether a call has come and was not answered yet. */
  awaits(id: number): boolean {
    return this.#unanswered.has(id);
  }

  /** Carries out a call, or finds the reply of one that came before. */
  reply(id: number, oldest: number, call: StoreCall): Promise<StoreReply> {
    for (const known of this.#replies.keys()) if (known < oldest) this.#replies.delete(known);
    const known = this.#replies.get(id);
    if (known) return known;
    this.#last = Math.max(this.#last, id);
    this.#unanswered.add(id);
    const reply = this.#carryOut(call).finally(() => this.#unanswered.delete(id));
    this.#replies.set(id, reply);
    return reply;
  }

  async #carryOut(call: StoreCall): Promise<StoreReply> {
    try {
      checkCall(call);
      const method = this.#store[call.method] as (...args: readonly unknown[]) => Promise<unknown>;
      const args = call.args.map((arg) => arg ?? undefined); // JSON has no undefined
      return { value: await method.apply(this.#store, args) };
    } catch (error) {
      const { name, message } = error as Error;
      return { error: name, message };
    }
  }
}
