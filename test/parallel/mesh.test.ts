/** Meshes: who is in which group, against coordinates written down otherwise, and what is refused before any group is made. */
import { expect, it } from "vitest";
import { runProgram } from "../helpers/jobs.ts";

type Shape = Readonly<Record<string, number>>;

/** Ranks that agree with one in all axes but these, by trying all. */
function membersOf(shape: Shape, ranks: number, rank: number, view: readonly string[]): number[] {
  const axes = Object.keys(shape);
  /** The same coordinates from strides: the product of the sizes of all axes further in. */
  const at = (r: number, axis: string): number => {
    const stride = axes.slice(axes.indexOf(axis) + 1).reduce((product, each) => product * shape[each], 1);
    return Math.floor(r / stride) % shape[axis];
  };
  const others = axes.filter((axis) => !view.includes(axis));
  return Array.from({ length: ranks }, (_, r) => r).filter((r) =>
    others.every((axis) => at(r, axis) === at(rank, axis)),
  );
}

it.each<[number, Shape, string[][]]>([
  [1, { dp: 1 }, []],
  [2, { dp: 2 }, []],
  [3, { dp: 1, tp: 3 }, []],
  [5, { dp: 5, tp: 1 }, []],
  [6, { dp: 2, tp: 3 }, []],
  [
    8,
    { dp: 2, cp: 2, tp: 2 },
    [
      ["dp", "cp"],
      ["dp", "tp"],
      ["dp", "cp", "tp"],
    ],
  ],
  [12, { pp: 2, dp: 3, tp: 2 }, [["pp", "tp"]]],
])("%i ranks as %o", async (ranks, shape, views) => {
  const { failure, shown } = await runProgram("test/programs/meshes.ts", {
    ranks,
    transport: "local",
    options: { shape: JSON.stringify(shape), views: JSON.stringify(views) },
  });
  expect(failure?.message).toBe(undefined);
  const rows = shown.flatMap((each) => (each.shown.kind === "row" ? [{ by: each.rank, ...each.shown.row }] : []));
  expect(rows).toHaveLength(ranks * (Object.keys(shape).length + views.length));
  for (const row of rows as unknown as Record<"view" | "members", string>[] & Record<string, number>[]) {
    const members = membersOf(shape, ranks, row.by, row.view.split(" "));
    expect([row.by, row.view, JSON.parse(row.members)]).toEqual([row.by, row.view, members]);
    expect([row.size, row.coordinate, row.rank]).toEqual([
      members.length,
      members.indexOf(row.by),
      members.indexOf(row.by),
    ]);
  }
});

it.each<[string, object, unknown, RegExp]>([
  ["another product", { dp: 2, tp: 3 }, [], /A mesh of dp 2 × tp 3 has 6 ranks, but the group has 4\./],
  ["half a rank", { dp: 0.5, tp: 8 }, [], /Axis dp has 0\.5 ranks, and needs a whole number from 1\./],
  ["no ranks", { dp: 0 }, [], /Axis dp has 0 ranks/],
  ["no axes", {}, [], /at least one axis/],
  ["an unknown axis", { dp: 4 }, [["tp"]], /has no axis "tp"; it has dp\./],
  ["axes in another order", { dp: 2, tp: 2 }, [["tp", "dp"]], /in the mesh's order dp, tp; these are tp, dp\./],
  ["an axis twice", { dp: 2, tp: 2 }, [["dp", "dp"]], /named once each/],
  ["a view of nothing", { dp: 4 }, [[]], /these are none\./],
])("refuses %s", async (_, shape, views, message) => {
  const { failure } = await runProgram("test/programs/meshes.ts", {
    ranks: 4,
    transport: "local",
    options: { shape: JSON.stringify(shape), views: JSON.stringify(views) },
  });
  expect(failure?.message).toMatch(message);
});
