import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type AllReduceAlgorithm, allReduceAlgorithms, defaultTable } from "../../src/world/algorithms/tuner.ts";
import { runProgram } from "../helpers/jobs.ts";
import { cases, isLong } from "../helpers/long.ts";
import { fakeWindows } from "../helpers/systems.ts";

const program = "test/conformance/program.ts";

function tableFor(algorithm: AllReduceAlgorithm) {
  return { ...defaultTable, shared: algorithm === "shared", allReduce: algorithm };
}

const inShort = (algorithm: AllReduceAlgorithm): boolean => isLong || ["ring", "hierarchical"].includes(algorithm);

describe.each(["shm", "local", "tcp"] as const)("process groups over %s", (transport) => {
  it.each(cases([1, 2, 3, 5, 8], ...(transport === "tcp" ? [0, 1, 2] : [0, 1, 2, 3, 4])))(
    "agree with the plain reference on %i ranks",
    async (ranks) => {
      const options = { cases: 150, caseSeed: 100 + ranks };
      const { failure, ok } = await runProgram(program, { ranks, transport, options, interleaving: ranks });
      expect(failure?.message).toBeUndefined();
      expect(ok).toBe(true);
    },
  );

  // An algorithm sees no transport: over processes, of which each takes a while to start, two of them are enough.
  const algorithms = transport === "tcp" ? allReduceAlgorithms.filter(inShort) : allReduceAlgorithms;
  it.each(algorithms)("agree when every allReduce is %s", async (algorithm) => {
    for (const ranks of cases([3, 5], ...(transport === "tcp" ? [1] : [0, 1]))) {
      const options = { cases: 80, caseSeed: 7 * ranks };
      const { failure } = await runProgram(program, {
        ranks,
        transport,
        options,
        table: tableFor(algorithm),
        interleaving: 5,
      });
      expect(failure?.message).toBeUndefined();
    }
  });
});

describe.each(["unix", "tcp"])("process groups over %s sockets that nobody disturbs", (sockets) => {
  it.each(cases([2, 3, 5], 2))("agree with the plain reference on %i ranks", async (ranks) => {
    const options = { cases: 100, caseSeed: 200 + ranks };
    const processes = { onlyTcp: sockets === "tcp" };
    const { failure } = await runProgram(program, { ranks, transport: "tcp", options, processes });
    expect(failure?.message).toBeUndefined();
  });
});

describe("process groups where sockets have neither paths nor descriptors", () => {
  it.each([
    [2, { streams: "threaded" }],
    [3, {}],
    [5, { interleaving: 5 }],
  ] as const)("agree with the plain reference on %i ranks, %j", async (ranks, more) => {
    const home = mkdtempSync(join(tmpdir(), "worldsize-home-"));
    const system = fakeWindows(home);
    const options = { cases: 80, caseSeed: 400 + ranks };
    const processes = { system };
    const { failure, shown } = await runProgram(program, { ranks, transport: "tcp", options, processes, ...more });
    expect(failure?.message).toBeUndefined();
    expect(shown).toHaveLength(ranks);
    expect(readdirSync(system.tmp)).toEqual([]);
    rmSync(home, { recursive: true });
  });
});

describe.each(["shm", "tcp"] as const)("process groups over %s with streams in threads of their own", (transport) => {
  it.each(cases([1, 2, 3, 5], ...(transport === "tcp" ? [1, 2] : [0, 1, 2, 3])))(
    "agree with the plain reference on %i ranks",
    async (ranks) => {
      const options = { cases: 100, caseSeed: 300 + ranks };
      const { failure, ok } = await runProgram(program, { ranks, transport, options, streams: "threaded" });
      expect(failure?.message).toBeUndefined();
      expect(ok).toBe(true);
    },
  );
});

it("a local world holds 1,000 ranks", async () => {
  const { failure, ok } = await runProgram("test/programs/thousand.ts", { ranks: 1000, transport: "local" });
  expect(failure?.message).toBeUndefined();
  expect(ok).toBe(true);
});

it("the same seed replays the same interleaving", async () => {
  const trace = async (interleaving: number) => {
    const { shown } = await runProgram("test/programs/order.ts", { ranks: 5, transport: "local", interleaving });
    return JSON.stringify(shown);
  };
  const [a, b, c] = [await trace(1), await trace(1), await trace(2)];
  expect(b).toBe(a);
  expect(c).not.toBe(a);
});
