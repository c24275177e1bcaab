/** A store that gives waits up when they are in vain, and only then. */
import { expect, it } from "vitest";
import { patientStore } from "../../src/exercise/patient.ts";
import { MemoryStore } from "../../src/world/index.ts";

const pause = (ms: number): Promise<void> => new Promise((go) => setTimeout(go, ms));

/** Stores of so many ranks, which meet in one. */
function patients(size: number) {
  const store = new MemoryStore();
  const options = { size, asked: () => {}, held: () => Promise.resolve() };
  return Array.from({ length: size }, () => patientStore(store, options));
}

it("ranks that all wait are told at once that nobody is left", async () => {
  const [a, b] = patients(2);
  const both = await Promise.allSettled([a.store.get("x"), b.store.wait(["y", "z"])]);
  for (const each of both) {
    expect(each.status).toBe("rejected");
    expect(String((each as PromiseRejectedResult).reason)).toMatch(
      /got no value.*, and no rank is left that could set it/,
    );
  }
});

it("so is one whose peers have left", async () => {
  const [a, b, c] = patients(3);
  await Promise.all([b.leave(), c.leave()]);
  await expect(a.store.get("x")).rejects.toThrow("no rank is left that could set it");
});

it("one rank that waits for many keys is one rank", async () => {
  const [a, b] = patients(2);
  const keys = ["x", "y", "z"];
  const all = Promise.all(keys.map((key) => a.store.get(key)));
  await pause(700); // the other one has not come yet
  for (const key of keys) await b.store.set(key, key);
  expect(await all).toEqual(keys);
});

it("who calls something meanwhile may go on to set it; a limit of the answer's own is kept to", async () => {
  const [a, b] = patients(2);
  const value = a.store.get("x");
  await expect(b.store.get("y", 300)).rejects.toThrow("within 0.3 s");
  await b.store.set("x", "1");
  expect(await value).toBe("1");
});
