// Judges 9.5: the tree after each call, node by node, and what was returned.
import { formed, Wrong, wordsOfValue } from "worldsize/exercise";
import { type Action, type Case, type Row, type Step, treesOf } from "./cases.ts";

const wordsOf = (action: Action): string =>
  action.does === "unlock"
    ? `unlock what insert ${action.of + 1} gave`
    : `insert ${action.tokens.join(" ")}${action.locks ? ", locked" : ""}`;
const nameOf = ({ before, tokens }: Pick<Row, "before" | "tokens">): string =>
  before.length > 0 ? `${tokens.join(" ")} (behind ${before.join(" ")})` : tokens.join(" ");
const same = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((each, i) => each === b[i]);

/** @throws Wrong for the first call after which the tree is not as it should be. */
export function judgeSteps(steps: readonly Step[], given: Case): void {
  const trees = treesOf(given);
  for (const [i, { rows, end, fault }] of steps.entries()) {
    const action = given.actions[i];
    const where = `${given.about}, call ${i + 1}, ${wordsOf(action)}`;
    if (fault !== undefined) throw new Wrong("the links", `${where}: ${fault}.`);
    const got = rows.map((row) =>
      formed<Row>(
        row,
        { before: ["number"], tokens: ["number"], pages: ["number"], locks: "number" },
        `${where}: a node`,
      ),
    );
    judgeNodes(got, trees[i], where);
    if (action.does === "insert") judgeEnd(end, action.tokens, where);
    judgeLocks(got, trees[i], where, action);
  }
}

/** Which nodes there are, and their pages. */
function judgeNodes(got: readonly Row[], right: readonly Row[], where: string): void {
  for (const [i, row] of right.entries()) {
    const one = got[i];
    if (one && same(one.before, row.before) && same(one.tokens, row.tokens)) {
      if (same(one.pages, row.pages)) continue;
      throw new Wrong(
        "the pages",
        `${where}: ${nameOf(row)} has pages ${one.pages.join(" ")}; they should be ${row.pages.join(" ")}.${pagesHint(one, row, got)}`,
      );
    }
    throw new Wrong(
      "the nodes",
      `${where}: the tree has ${namesOf(got)}; it should have ${namesOf(right)}.${nodesHint(got, right)}`,
    );
  }
  if (got.length > right.length)
    throw new Wrong("the nodes", `${where}: the tree has ${namesOf(got)}; it should have ${namesOf(right)}.`);
}

const namesOf = (rows: readonly Row[]): string => rows.map(nameOf).join(", ") || "no node";

function nodesHint(got: readonly Row[], right: readonly Row[]): string {
  if (got.length < right.length)
    return " A node ends where two part, and where something inserted ends: whoever locks it must not lock more.";
  const paths = got.map(({ before, tokens }) => [...before, ...tokens].join(" "));
  const known = new Set(right.map(({ before, tokens }) => [...before, ...tokens].join(" ")));
  if (paths.some((path) => !known.has(path)) || new Set(paths).size < paths.length)
    return " The children of a node that is split belong to its second half.";
  return "";
}

function pagesHint(got: Row, { pages, tokens }: Row, all: readonly Row[]): string {
  if (got.pages.length !== tokens.length) return " Each token has a page: they are split with the tokens.";
  const newer = got.pages.every((page, i) => page >= pages[i]);
  if (newer && all.every((row) => row === got || !row.pages.some((page) => got.pages.includes(page))))
    return " The tree's pages stay: others read them, and the new ones are the caller's to free.";
  return " The second half keeps the second half of the pages.";
}

/** What insert gave. */
function judgeEnd(end: unknown, tokens: readonly number[], where: string): void {
  if (!Array.isArray(end)) {
    throw new Wrong("what it returns", `${where}: it gave ${wordsOfValue(end)}; it should be a node of this tree.`);
  }
  if (same(end as number[], tokens)) return;
  throw new Wrong(
    "what it returns",
    `${where}: it gave the node that ends behind ${(end as number[]).join(" ") || "nothing"}; it should end behind ${tokens.join(" ")}.`,
  );
}

function judgeLocks(got: readonly Row[], right: readonly Row[], where: string, action: Action): void {
  const i = right.findIndex(({ locks }, at) => got[at].locks !== locks);
  if (i < 0) return;
  const [one, row] = [got[i], right[i]];
  const why =
    action.does === "unlock"
      ? " Whoever locked a node before it was split unlocks from the object that it got: that has to be the second half, which the first is above."
      : " Whoever held a node holds both halves of it.";
  throw new Wrong(
    "the locks",
    `${where}: ${nameOf(row)} has ${one.locks} ${one.locks === 1 ? "lock" : "locks"}; ${row.locks} ${row.locks === 1 ? "request holds" : "requests hold"} it.${why}`,
  );
}
