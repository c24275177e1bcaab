/** Everything public has a docstring, and the reference is made of them. */
import { expect, it } from "vitest";

interface Item {
  readonly entry: string;
  readonly name: string;
  readonly text: string;
  readonly members: readonly Item[];
}

const { readApi } = (await import("../../tools/docs.mjs" as string)) as { readApi(): Item[] };

it("everything public has a docstring", () => {
  const api = readApi();
  const missing: string[] = [];
  let count = 0;
  const visit = (item: Item, path: string): void => {
    count++;
    if (item.text === "") missing.push(path);
    for (const member of item.members) visit(member, `${path}.${member.name}`);
  };
  for (const item of api) visit(item, `${item.entry} ${item.name}`);
  expect(missing).toEqual([]);
  expect(count).toBeGreaterThan(250);
  const tensor = api.find(({ entry, name }) => entry === "worldsize" && name === "Tensor");
  expect(tensor?.members.find(({ name }) => name === "matmul")?.text).toContain("@throws RangeError");
});
