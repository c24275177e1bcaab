// What ranks and their monitor say to each other arrives whole, or visibly cut.
import { expect, it } from "vitest";
import { SharedMemory } from "../../src/platform/memory.ts";
import { inspect } from "../../src/trace/text.ts";
import { ShmLayout } from "../../src/world/index.ts";

/** What takes the most bytes in a text. */
const characters = { control: "\u0001", lone: "\ud800", wide: "漢", quote: '"' };

function layout(): ShmLayout {
  const memory = SharedMemory.create(2 ** 22);
  memory.wasm.grow(Math.ceil(ShmLayout.bytes(2) / 65_536));
  return new ShmLayout(memory, 0, 2);
}

it.each(Object.entries(characters))("a verdict made of %s characters arrives", (_, of) => {
  const shared = layout();
  expect([shared.said, shared.heard()]).toEqual([0, undefined]);
  shared.tell(0, { type: "account" });
  expect(shared.heard()).toEqual({ type: "account" });
  const message = `${of.repeat(15_000)} end`;
  const arrived = new TextDecoder().decode(new TextEncoder().encode(message)); // half a character is none
  shared.tell(0, { type: "verdict", message });
  expect(shared.heard()).toEqual({ type: "verdict", message: arrived });
  // Nothing comes after a verdict.
  shared.tell(1, { type: "verdict", message: "another" });
  shared.tell(1, { type: "account" });
  expect(shared.heard()).toEqual({ type: "verdict", message: arrived });
});

it.each(Object.entries(characters))("one that is longer than its room is cut visibly, of %s characters", (_, of) => {
  const shared = layout();
  shared.tell(0, { type: "verdict", message: `begin ${of.repeat(1e6)}` });
  const said = shared.heard();
  if (said?.type !== "verdict") throw new Error("no verdict");
  expect(said.message).toMatch(/^begin .*…/s);
  expect(said.message.length).toBeLessThan(21_000);
});

it("values of any kind are told within bounds", () => {
  const deep: unknown[] = [];
  let at = deep;
  for (let i = 0; i < 1000; i++) {
    const next: unknown[] = [];
    at.push(next);
    at = next;
  }
  const mean = new Proxy(
    {},
    {
      ownKeys: () => {
        throw new Error("no");
      },
    },
  );
  for (const value of [
    deep,
    mean,
    "x".repeat(1e6),
    Array(1e6).fill(1),
    {
      get a() {
        throw new Error("read");
      },
    },
  ]) {
    expect(inspect(value).length).toBeLessThan(2100);
  }
});
