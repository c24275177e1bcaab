// What 9.5 is tried on: inserts, locks and unlocks; how an answer is driven through them, and the tree that should come out.
import { draws, isOdd, plainOf } from "worldsize/exercise";

/** Inserts tokens, and locks what came; or unlocks what an earlier one locked. */
export type Action =
  | { readonly does: "insert"; readonly tokens: readonly number[]; readonly locks: boolean }
  | { readonly does: "unlock"; readonly of: number };

export interface Case {
  readonly about: string;
  readonly actions: readonly Action[];
}

/** A node, with the tokens before it. */
export interface Row {
  readonly before: readonly number[];
  readonly tokens: readonly number[];
  readonly pages: readonly number[];
  readonly locks: number;
}

/** What an action came to: the tree's nodes, and what was returned. */
export interface Step {
  readonly rows: readonly unknown[];
  /** Of an insert: tokens from the root to the end of what it gave; none where that is no node of the tree. */
  readonly end?: unknown;
  /** What is wrong with the tree's links. */
  readonly fault?: string;
}

/** `5678+` inserts 5 6 7 8 and locks; `56` inserts without; `-0` unlocks what the first one locked. */
function actionsOf(script: string): Action[] {
  return script.split(" ").map((word) => {
    if (word[0] === "-") return { does: "unlock", of: Number(word.slice(1)) };
    return { does: "insert", tokens: [...word.replace("+", "")].map(Number), locks: word.endsWith("+") };
  });
}

/** Short stories first, then actions that were drawn. */
export function casesOf(seed: number): Case[] {
  const of = (about: string, script: string): Case => ({ about, actions: actionsOf(script) });
  return [
    of("two that have nothing in common", "12+ 34+"),
    of("the same twice", "5678+ 5678+ -0 -1"),
    of("one goes on from another's end", "56+ 5678+"),
    of("two part in the middle of a node", "5678 569"),
    of("a node that is held is split", "5678+ 569+ -0 -1"),
    of("an insert that ends inside a node", "5678+ 56+ -0 -1"),
    of("split twice", "12345+ 1239+ 15+ -0 -2 -1"),
    of("a node with children is split", "12345 1234567 123489 1266+ 12345"),
    ...[0, 1, 2].map((i) => drawn(seed, i)),
  ];
}

function drawn(seed: number, place: number): Case {
  const random = draws(seed, 95, place);
  const below = (n: number): number => Math.floor(n * random());
  const actions: Action[] = [];
  const held: number[] = [];
  let inserts = 0;
  for (let i = 0; i < 22; i++) {
    if (held.length > 0 && random() < 0.3) {
      actions.push({ does: "unlock", of: held.splice(below(held.length), 1)[0] });
      continue;
    }
    const tokens = Array.from({ length: 1 + below(6) }, () => 1 + below(2 + place));
    const locks = random() < 0.6;
    if (locks) held.push(inserts);
    actions.push({ does: "insert", tokens, locks });
    inserts++;
  }
  for (const of of held) actions.push({ does: "unlock", of });
  return { about: `actions that were drawn (${place})`, actions };
}

/** What an answer works on. */
interface Node {
  tokens: number[];
  pages: number[];
  locks: number;
  parent: Node | undefined;
  children: Map<number, Node>;
}

type Insert = (root: Node, tokens: number[], pages: number[]) => unknown;

/** Nodes of a tree that are looked at; the cases need far fewer. */
const MOST = 200;

/** Drives an answer through a case, up to the first tree that cannot be gone on with. */
export function drive(insert: Insert, { actions }: Case): Step[] {
  const root: Node = { tokens: [], pages: [], locks: 0, parent: undefined, children: new Map() };
  const handles: (Node | undefined)[] = [];
  const steps: Step[] = [];
  let page = 0;
  for (const action of actions) {
    let end: unknown;
    if (action.does === "insert") {
      const pages = action.tokens.map(() => page++);
      const gave = insert(root, [...action.tokens], pages);
      const path = pathTo(gave, root);
      end = path ? path.flatMap(({ tokens }) => [...tokens]) : plainOf(gave);
      for (const node of action.locks && path ? path : []) node.locks++;
      handles.push(path ? (gave as Node) : undefined);
    } else for (const node of pathTo(handles[action.of], root) ?? []) node.locks--;
    const { rows, fault } = rowsOf(root);
    steps.push({ rows, end, fault });
    if (fault !== undefined || !Array.isArray(end ?? [])) return steps;
  }
  return steps;
}

/** Nodes from below the root to this one; none for what is no node, or of another tree. */
function pathTo(value: unknown, root: Node): Node[] | undefined {
  const path: Node[] = [];
  try {
    for (let node = value as Node | undefined; node !== root; node = node?.parent) {
      if (typeof node !== "object" || node === null || isOdd(node) || path.length > MOST) return undefined;
      if (!Array.isArray(node.tokens) || typeof node.locks !== "number") return undefined;
      path.unshift(node);
    }
  } catch {
    return undefined;
  }
  return path;
}

/** All nodes but the root, in the order of their tokens, and the first link that is wrong. */
function rowsOf(root: Node): { rows: unknown[]; fault?: string } {
  const rows: unknown[] = [];
  let fault: string | undefined;
  const visit = (node: Node, before: readonly number[]): void => {
    for (const [key, child] of [...node.children].sort(([a], [b]) => a - b)) {
      if (rows.length >= MOST) fault ??= "the tree does not end";
      if (fault !== undefined) return;
      const tokens = [...child.tokens];
      const where = `the node ${[...before, ...tokens].join(" ")}`;
      if (tokens.length === 0) fault = `below ${before.join(" ") || "the root"} is a node without tokens`;
      else if (key !== tokens[0]) fault = `${where} stands under ${key}; its first token is ${tokens[0]}`;
      else if (child.parent !== node) fault = `${where} has another parent than the node that it stands below`;
      rows.push(plainOf({ before: [...before], tokens, pages: [...child.pages], locks: child.locks }));
      visit(child, [...before, ...tokens]);
    }
  };
  try {
    visit(root, []);
  } catch {
    fault ??= "a node has no list of tokens, no list of pages, or no map of children";
  }
  return { rows, fault };
}

/** What each action should leave: the nodes of the tree, made anew from all that was inserted. */
export function treesOf({ actions }: Case): Row[][] {
  const pageOf = new Map<string, number>();
  const inserted: { readonly tokens: readonly number[]; held: boolean }[] = [];
  let page = 0;
  return actions.map((action) => {
    if (action.does === "insert") {
      for (const [i] of action.tokens.entries()) {
        const prefix = action.tokens.slice(0, i + 1).join(" ");
        if (!pageOf.has(prefix)) pageOf.set(prefix, page);
        page++;
      }
      inserted.push({ tokens: action.tokens, held: action.locks });
    } else inserted[action.of] = { ...inserted[action.of], held: false };
    return treeOf(inserted, pageOf);
  });
}

function treeOf(
  inserted: readonly { readonly tokens: readonly number[]; readonly held: boolean }[],
  pageOf: ReadonlyMap<string, number>,
): Row[] {
  const rows: Row[] = [];
  const visit = (before: readonly number[]): void => {
    const below = inserted.filter(({ tokens }) => before.every((token, i) => tokens[i] === token));
    const firsts = new Set(below.flatMap(({ tokens }) => tokens.slice(before.length, before.length + 1)));
    for (const first of [...firsts].sort((a, b) => a - b)) {
      const path = [...before, first];
      const through = below.filter(({ tokens }) => tokens[before.length] === first);
      // It goes on while nothing ends here, and all have the same next token.
      while (
        through.every(
          ({ tokens }) => tokens.length > path.length && tokens[path.length] === through[0].tokens[path.length],
        )
      )
        path.push(through[0].tokens[path.length]);
      rows.push({
        before: [...before],
        tokens: path.slice(before.length),
        pages: path
          .slice(before.length)
          .map((_, i) => pageOf.get(path.slice(0, before.length + i + 1).join(" ")) ?? -1),
        locks: through.filter(({ held }) => held).length,
      });
      visit(path);
    }
  };
  visit([]);
  return rows;
}
