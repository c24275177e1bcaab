/**
 * The store as a program has it, the same over every transport: it checks calls before they
 * leave, knows which ones wait and where they were made, and says both in its errors.
 */
import { captureSite, formatSite, type Site } from "../../trace/site.ts";
import { checkCall, formatCall, type StoreCall } from "./calls.ts";
import type { OpenCalls } from "./open-calls.ts";
import { type Store, StoreClosedError, StoreTimeoutError, storeError } from "./store.ts";

/** What a store needs of the rank whose program calls it. */
export interface StoreOwner {
  readonly rank: number;
  readonly openCalls: OpenCalls;
  /** Why the job has failed, if it has. */
  readonly failure: Error | undefined;
  /** Something has moved. */
  moved(): void;
}

export class RankStore implements Store {
  readonly #store: Store;
  readonly #owner: StoreOwner;

  /** @param store in this thread, or the way to one elsewhere. */
  constructor(store: Store, owner: StoreOwner) {
    this.#store = store;
    this.#owner = owner;
  }

  set(key: string, value: string): Promise<void> {
    return this.#call({ method: "set", args: [key, value] }, () => this.#store.set(key, value));
  }

  get(key: string, timeout?: number): Promise<string> {
    return this.#wait({ method: "get", args: [key, timeout] }, timeout, (time) => this.#store.get(key, time));
  }

  wait(keys: readonly string[], timeout?: number): Promise<void> {
    return this.#wait({ method: "wait", args: [keys, timeout] }, timeout, (time) => this.#store.wait(keys, time));
  }

  add(key: string, amount: number): Promise<number> {
    return this.#call({ method: "add", args: [key, amount] }, () => this.#store.add(key, amount));
  }

  compareSet(key: string, expected: string, desired: string): Promise<string> {
    const call: StoreCall = { method: "compareSet", args: [key, expected, desired] };
    return this.#call(call, () => this.#store.compareSet(key, expected, desired));
  }

  delete(key: string): Promise<boolean> {
    return this.#call({ method: "delete", args: [key] }, () => this.#store.delete(key));
  }

  barrier(name: string, count: number, timeout?: number): Promise<void> {
    const call: StoreCall = { method: "barrier", args: [name, count, timeout] };
    return this.#wait(call, timeout, (time) => this.#store.barrier(name, count, time));
  }

  /** A call that is answered at once. */
  async #call<T>(call: StoreCall, ask: () => Promise<T>): Promise<T> {
    const site = captureSite();
    try {
      checkCall(call);
      this.#owner.openCalls.ask();
      this.#owner.moved();
      return await ask();
    } catch (error) {
      throw this.#explained(error as Error, call, site);
    }
  }

  /** A call that may wait. Once the job has failed, it gets what is there, or hears of the failure. */
  async #wait<T>(
    call: StoreCall,
    timeout: number | undefined,
    ask: (timeout: number | undefined) => Promise<T>,
  ): Promise<T> {
    const site = captureSite();
    const { openCalls } = this.#owner;
    let id = 0;
    try {
      checkCall(call);
      id = openCalls.ask();
      this.#owner.moved();
      const lasts = timeout === Infinity ? Number.MAX_SAFE_INTEGER : timeout; // JSON has no Infinity
      const answer = ask(this.#owner.failure ? 0 : lasts);
      const failed = new Promise<never>((_, reject) => {
        openCalls.begin(id, { call, site, ends: timeout !== undefined && timeout !== Infinity, reject });
      });
      return await Promise.race([answer, failed]);
    } catch (error) {
      const { failure } = this.#owner;
      const vain = error === failure || error instanceof StoreTimeoutError || error instanceof StoreClosedError;
      throw failure && vain ? failure : this.#explained(error as Error, call, site);
    } finally {
      this.#owner.moved();
      openCalls.end(id);
    }
  }

  /** The error of a call, with who made it and where. */
  #explained({ name, message }: Error, call: StoreCall, site: Site): Error {
    const where = formatSite(site);
    const who = `rank ${this.#owner.rank} called ${formatCall(call)}${where ? ` (${where})` : ""}`;
    const error = storeError(name, `${who}: ${message}`);
    const frames = /\n\s+at .*/s.exec(site.stack ?? "")?.[0];
    if (frames) error.stack = `${error.name}: ${error.message}${frames}`;
    return error;
  }
}
