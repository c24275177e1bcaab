/**
 * When each edge of the two trees carries its pieces. On the way up each rank sends at most two
 * messages a piece (to its parents in the two trees) and receives at most two (from its children in
 * the tree where it is no leaf). Such a graph of senders and receivers falls apart into paths and
 * even cycles, so two colours are enough for its edges: edges of one colour have no sender and no
 * receiver in common, and all carry a message at once. Even rounds belong to one colour, odd rounds
 * to the other (Sanders, Speck and Träff, 2009, section 3). The way down uses the same edges backward.
 */

/** Where a rank stands in a tree. */
export interface TreePlace {
  readonly parent: number | undefined;
  readonly children: readonly number[];
}

/** The round in which an edge carries the first piece; piece k follows 2 k rounds later. */
export interface EdgeRounds {
  /** By tree and child: from the child to its parent. */
  readonly up: readonly [readonly number[], readonly number[]];
  /** By tree and child: from the parent to the child, counted from the start of the way down. */
  readonly down: readonly [readonly number[], readonly number[]];
  /** Rounds that one piece takes to get up, and down. */
  readonly upRounds: number;
  readonly downRounds: number;
}

/** @param place where a rank stands in one of the two trees. */
export function edgeRounds(size: number, place: (rank: number, tree: 0 | 1) => TreePlace): EdgeRounds {
  const trees = ([0, 1] as const).map((tree) => Array.from({ length: size }, (_, rank) => place(rank, tree)));
  const colours = coloursOf(trees, size);
  const up: [number[], number[]] = [[], []];
  const down: [number[], number[]] = [[], []];
  for (const tree of [0, 1] as const) {
    const own = trees[tree];
    /** The first round from this one on that is of an edge's colour. */
    const next = (child: number, from: number): number => from + ((from + colours[2 * child + tree]) % 2);
    const below = [own.findIndex(({ parent }) => parent === undefined)];
    for (let i = 0; i < below.length; i++) {
      const rank = below[i];
      for (const child of own[rank].children) {
        down[tree][child] = next(child, (down[tree][rank] ?? -1) + 1);
        below.push(child);
      }
    }
    for (const rank of below.reverse()) {
      if (own[rank].parent === undefined) continue;
      up[tree][rank] = next(rank, 1 + Math.max(-1, ...own[rank].children.map((child) => up[tree][child])));
    }
  }
  const last = (rounds: readonly number[][]): number => 1 + Math.max(-1, ...rounds.flatMap((each) => each.filter(Number.isFinite))); // biome-ignore format: one line
  return { up, down, upRounds: last(up), downRounds: last(down) };
}

/** A colour, 0 or 1, for each edge: 2 × child + tree. No two of a sender, and no two of a receiver, are alike. */
function coloursOf(trees: readonly (readonly TreePlace[])[], size: number): Int8Array {
  const colours = new Int8Array(2 * size).fill(-1);
  const incoming = Array.from({ length: size }, (_, rank) =>
    trees.flatMap((own, tree) => own[rank].children.map((child) => 2 * child + tree)),
  );
  const parentOf = (edge: number): number | undefined => trees[edge % 2][edge >> 1].parent;
  const isEdge = (edge: number): boolean => parentOf(edge) !== undefined;
  /** The other edge of the same sender, and of the same receiver. */
  const sibling = (edge: number): number | undefined => (isEdge(edge ^ 1) ? edge ^ 1 : undefined);
  const mate = (edge: number): number | undefined => incoming[parentOf(edge) as number].find((other) => other !== edge);
  for (let start = 0; start < 2 * size; start++) {
    if (!isEdge(start) || colours[start] >= 0) continue;
    colours[start] = 0;
    // From the first edge both ways along its path, or once around its cycle.
    for (const first of [sibling, mate]) {
      let [turn, edge, colour] = [first, first(start), 1];
      while (edge !== undefined && colours[edge] < 0) {
        colours[edge] = colour;
        turn = turn === sibling ? mate : sibling;
        colour = 1 - colour;
        edge = turn(edge);
      }
    }
  }
  return colours;
}
