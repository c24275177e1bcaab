/** What is told of an error that was thrown first, when giving up what was in use throws, too. */
import { expect, it } from "vitest";
import { accountOf } from "../../src/script/account.ts";
import { runProgram } from "../helpers/jobs.ts";

/** As `using` makes it. */
function suppressed(error: unknown, first: unknown): Error {
  return Object.assign(new Error("An error was suppressed during disposal"), { name: "SuppressedError", error, suppressed: first }); // biome-ignore format: one object
}

it("the first error is the failure, and the later ones stand below it, in their order", () => {
  const first = new TypeError("the first", { cause: new Error("why") });
  const { message, title, stack } = accountOf(suppressed(new Error("third"), suppressed(new Error("second"), first)));
  expect(message).toBe("the first");
  expect(title).toMatch(/^TypeError: the first.*caused by Error: why/);
  const places = ["TypeError: the first", "caused by Error: why", "Error: second", "Error: third"];
  const found = places.map((text) => stack.indexOf(text));
  expect(found.every((at) => at >= 0)).toBe(true);
  expect([...found].sort((a, b) => a - b)).toEqual(found);
});

it("what only looks like one, or throws when it is looked at, does no harm", () => {
  const odd = new Error("odd");
  odd.name = "SuppressedError";
  expect(accountOf(odd).message).toBe("odd");
  const trap = Object.defineProperty(new Error("trap"), "name", {
    get() {
      throw new Error("no");
    },
  });
  expect(accountOf(trap).message).toContain("trap");
  const circle = suppressed(1, 2) as Error & { suppressed: unknown };
  circle.suppressed = circle;
  expect(accountOf(circle).stack.length).toBeGreaterThan(0);
});

it.each([
  ["local", "inline", 1],
  ["local", "inline", 3],
  ["shm", "inline", 2],
  ["shm", "threaded", 2],
  ["tcp", "inline", 2],
] as const)(
  "a program's own error is told over %s, streams %s, %i ranks",
  { timeout: 60_000 },
  async (transport, streams, ranks) => {
    const { ok, failure } = await runProgram("test/programs/left-block.ts", { ranks, transport, streams });
    expect(ok).toBe(false);
    expect(failure?.message).toMatch(/^boom/);
    expect(failure?.stack).toMatch(/RangeError: boom\n\s+at .*left-block\.ts:11/);
  },
);
