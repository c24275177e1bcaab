import { describe, expect, it } from "vitest";
import { runProgram } from "../helpers/jobs.ts";

const program = "test/programs/arithmetic.ts";

describe.each(["local", "shm", "tcp"] as const)("one arithmetic over %s", (transport) => {
  it.each(transport === "local" ? [1, 2, 3, 5, 8] : [2, 3])("by every algorithm, %i ranks", async (ranks) => {
    const { failure, shown } = await runProgram(program, { ranks, transport });
    expect(failure?.message).toBeUndefined();
    expect(shown).toHaveLength(ranks);
  });
});

it("one arithmetic with streams in threads of their own", async () => {
  const { failure } = await runProgram(program, {
    ranks: 3,
    streams: "threaded",
    options: { algorithms: "shared,ring" },
  });
  expect(failure?.message).toBeUndefined();
});
