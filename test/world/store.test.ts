import { describe, expect, it } from "vitest";
import {
  MemoryStore,
  RemoteStore,
  type Store,
  StoreClosedError,
  StoreLimitError,
  StoreSession,
  StoreTimeoutError,
  StoreValueError,
} from "../../src/world/index.ts";

/** A store and a way to break the line to it, if there is one. */
interface Bench {
  readonly store: Store;
  readonly other: Store;
  drop(): void;
}

/** One client of a store over a line that can lose its messages. */
function remote(memory: MemoryStore): { store: RemoteStore; drop(): void } {
  const session = new StoreSession(memory);
  let lost = false;
  const store: RemoteStore = new RemoteStore((id, oldest, call) => {
    const travelled = JSON.parse(JSON.stringify({ id, oldest, call })); // as over a socket
    const losing = lost;
    void session.reply(travelled.id, travelled.oldest, travelled.call).then((reply) => {
      if (!losing) store.replied(id, JSON.parse(JSON.stringify(reply)));
    });
  });
  return {
    store,
    drop() {
      lost = true;
      setTimeout(() => {
        lost = false;
        store.again();
      }, 5);
    },
  };
}

const stores: Record<string, () => Bench> = {
  "in memory": () => {
    const store = new MemoryStore();
    return { store, other: store, drop: () => {} };
  },
  "over a line": () => {
    const memory = new MemoryStore();
    const { store, drop } = remote(memory);
    return { store, other: remote(memory).store, drop };
  },
};

describe.each(Object.keys(stores))("a store %s", (name) => {
  it("sets, gets, deletes", async () => {
    const { store, other } = stores[name]();
    await store.set("key", "välue");
    expect(await other.get("key")).toBe("välue");
    expect(await store.delete("key")).toBe(true);
    expect(await store.delete("key")).toBe(false);
    await expect(other.get("key", 20)).rejects.toThrow(new StoreTimeoutError('key "key" got no value within 0.02 s.'));
  });

  it("lets a get wait for its value, and a wait for all of them", async () => {
    const { store, other } = stores[name]();
    const value = store.get("late");
    const both = store.wait(["late", "later"]);
    await other.set("late", "1");
    expect(await value).toBe("1");
    await other.set("later", "2");
    await both;
    const vain = store.wait(["late", "never", "ever"], 10);
    await expect(vain).rejects.toThrow('keys "never", "ever" got no value within 0.01 s.');
    await expect(vain).rejects.toBeInstanceOf(StoreTimeoutError);
  });

  it("adds, and refuses to add to words", async () => {
    const { store, other } = stores[name]();
    const sums = await Promise.all(Array.from({ length: 20 }, (_, i) => (i % 2 ? store : other).add("count", i)));
    expect(Math.max(...sums)).toBe(190);
    expect(await store.add("count", -200)).toBe(-10);
    await store.set("word", "abc");
    await expect(store.add("word", 1)).rejects.toBeInstanceOf(StoreValueError);
    await expect(store.add("count", 0.5)).rejects.toBeInstanceOf(StoreValueError);
  });

  it("compares and sets: exactly one of many wins", async () => {
    const { store, other } = stores[name]();
    const tries = Array.from({ length: 10 }, (_, i) => (i % 2 ? store : other).compareSet("leader", "", `${i}`));
    expect(new Set(await Promise.all(tries)).size).toBe(1);
    const leader = await store.get("leader");
    expect(await store.compareSet("leader", "nobody", "me")).toBe(leader);
    expect(await store.compareSet("leader", leader, "me")).toBe("me");
  });

  it("opens a barrier when all have come, again and again", async () => {
    const { store, other } = stores[name]();
    for (let round = 0; round < 3; round++) {
      let open = false;
      const early = store.barrier("b", 3).then(() => void (open = true));
      const second = other.barrier("b", 3);
      await new Promise((resolve) => setTimeout(resolve, 5));
      expect(open).toBe(false);
      await Promise.all([early, second, store.barrier("b", 3)]);
    }
    await expect(store.barrier("b", 2, 10)).rejects.toThrow('1 of 2 reached barrier "b" within 0.01 s.');
    const again = store.barrier("b", 2); // who gave up no longer counts
    await Promise.all([again, other.barrier("b", 2)]);
    await expect(store.barrier("b", 0)).rejects.toBeInstanceOf(StoreValueError);
  });

  it("has limits", async () => {
    const { store } = stores[name]();
    await expect(store.set("k".repeat(1025), "")).rejects.toBeInstanceOf(StoreLimitError);
    await expect(store.set("k", "v".repeat(2 ** 20 + 1))).rejects.toThrow(
      /has 1048577\. Tensors are sent through process groups/,
    );
    for (let i = 0; i < 127; i++) await store.set(`${i}`, "v".repeat(2 ** 20));
    await expect(store.set("one too many", "v".repeat(2 ** 20))).rejects.toThrow("The store is full: 127 keys");
    await store.delete("5");
    await store.set("fits again", "v".repeat(2 ** 20));
  });

  it("survives a line that drops: what was done is not done twice", async () => {
    const { store, drop } = stores[name]();
    drop();
    const [a, b] = await Promise.all([store.add("n", 1), store.compareSet("c", "", "x")]);
    expect([a, b, await store.get("n")]).toEqual([1, "x", "1"]);
  });
});

it("a closed store ends whoever waits", async () => {
  const memory = new MemoryStore();
  const { store } = remote(memory);
  const waiting = store.get("never");
  memory.close();
  await expect(waiting).rejects.toBeInstanceOf(StoreClosedError);
  const other = store.get("never");
  store.close("The coordinator is gone.");
  await expect(other).rejects.toThrow("The coordinator is gone.");
  await expect(store.set("a", "b")).rejects.toBeInstanceOf(StoreClosedError);
});

it("nonsense from a client is an error of that call", async () => {
  const session = new StoreSession(new MemoryStore());
  const nonsense = [
    { method: "constructor", args: [] },
    { method: "set", args: ["a"] },
    { method: "set", args: [{}, "b"] },
    { method: "get", args: ["a", -1] },
    { method: "wait", args: ["a"] },
    { method: "add", args: ["a", "1"] },
    null,
    {},
  ];
  for (const [id, call] of nonsense.entries()) {
    expect(await session.reply(id, 0, call as never)).toMatchObject({ error: expect.any(String) });
  }
});
