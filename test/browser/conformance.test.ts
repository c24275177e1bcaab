import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openSite, type Site } from "./site.ts";

let site: Site;
const programs = ["program", "failing", "locked"];

beforeAll(async () => {
  site = await openSite(Object.fromEntries(programs.map((name) => [name, `test/browser/${name}.ts`])));
}, 120_000);

afterAll(() => site?.close());

const places = [
  { name: "shm", sizes: [1, 2, 3, 5, 8], transport: "shm" },
  { name: "local", sizes: [1, 2, 3, 5, 8], transport: "local" },
  // Over shared memory, with nested workers for the streams of each rank: three threads a rank.
  { name: "threaded", sizes: [1, 2, 3], transport: "shm", streams: "threaded" },
] as const;

describe.each(places)("in a headless browser, $name", ({ sizes, ...place }) => {
  it.each(sizes)("process groups agree with the plain reference on %i ranks", async (ranks) => {
    const { failure, output } = await site.run("program", { ranks, ...place });
    expect(failure).toBeUndefined();
    const rows = output.flatMap((what) => (what.type === "shown" && what.shown.kind === "row" ? [what.shown.row] : []));
    expect(rows).toHaveLength(ranks);
    for (const { checked } of rows) expect(checked).toBeGreaterThan(20);
    const printed = output.flatMap((what) => (what.type === "printed" ? [what.text] : []));
    expect([...printed].sort()).toEqual(Array.from({ length: ranks }, (_, rank) => `rank ${rank} printed\n`));
  });

  it("a rank that throws ends the job, with what it threw", async () => {
    const { ok, failure } = await site.run("failing", { ranks: 2, ...place });
    expect({ ok, failure }).toEqual({ ok: false, failure: "no such shard" });
  });
});

it.each(["shm", "local"] as const)(
  "built-ins cannot be changed where a program is locked up, over %s",
  async (transport) => {
    const changed = async (locked: boolean): Promise<unknown[]> => {
      const { failure, output } = await site.run("locked", { ranks: 2, transport, locked });
      expect(failure).toBeUndefined();
      return output.flatMap((what) => (what.type === "shown" && what.shown.kind === "line" ? [what.shown.text] : []));
    };
    expect(await changed(true)).toEqual(["nothing", "nothing"]);
    expect(await changed(false)).toEqual(["push, map, sab", "push, map, sab"]);
  },
);
