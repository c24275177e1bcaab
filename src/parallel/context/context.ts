/**
 * Context parallelism: the tokens of a step are cut for the ranks of a group, so that sequences may be longer than one
 * rank has memory for. Of n ranks, rank r gets chunks r and 2n - 1 - r of 2n (the zig-zag of Zhu's ring-flash-attention and
 * of Llama 3): a causal mask gives early tokens few keys and late ones many, and each rank has as much of both.
 *
 * All of this is plain arrays on the host. What comes after a token is known before the cut, so a label never has to be
 * looked for on another rank.
 */

/** What does not count in a loss, as in torch. */
const IGNORED = -100;

/** A packed batch on the host, as `packSamples` and `RowPacker` make it. */
export interface HostBatch {
  /** [tokens]: the ids that are read. */
  readonly tokens: Int32Array;
  /** [tokens]: the id that follows each; -100 where it does not count. */
  readonly targets: Int32Array;
  /** [tokens]: weight of each target's loss. */
  readonly weights: Float32Array;
  /** [tokens]: place of each token in its sequence. */
  readonly positions: Int32Array;
  /** [sequences + 1]: where each sequence begins, and the end of the last. */
  readonly starts: Int32Array;
}

/** A rank's share of a batch. Its `starts` are those among its own tokens; its second chunk begins a new one. */
export interface ContextCut extends HostBatch {
  /** [own tokens]: the place of each in the whole stream. */
  readonly rows: Int32Array;
  /** [sequences + 1]: where sequences begin in the whole stream; the padding is the last one. */
  readonly sequences: Int32Array;
  /** Tokens of a chunk: a rank has two. */
  readonly chunk: number;
}

/** A rank's place among those that share the tokens out: a group is one. */
export interface Place {
  readonly rank: number;
  readonly size: number;
}

/** Queries that see all of some keys: [from, to) among the tokens of the rank that has them. */
export interface Tile {
  readonly q: readonly [from: number, to: number];
  readonly k: readonly [from: number, to: number];
}

/** The two chunks of a rank, by their place in the stream. */
export function chunksOf({ rank, size }: Place): readonly [number, number] {
  return [rank, 2 * size - 1 - rank];
}

/**
 * A rank's share of a batch. The batch is padded to a multiple of 2 · ranks with a sequence that nothing is learned from;
 * an empty one becomes padding, so that every rank joins in what follows.
 * @param batch the whole, the same on all ranks. @param multiple of which each chunk's tokens are one: where they are cut
 *   again, as sequence parallelism does.
 * @throws RangeError for arrays that do not fit each other.
 */
export function cutContext(batch: HostBatch, { rank, size }: Place, multiple = 1): ContextCut {
  checkBatch(batch);
  const whole = padBatch(batch, 2 * size * multiple);
  const chunk = whole.tokens.length / (2 * size);
  const from = chunksOf({ rank, size }).map((each) => each * chunk);
  const rows = Int32Array.from({ length: 2 * chunk }, (_, i) => from[i < chunk ? 0 : 1] + (i % chunk));
  const { starts: sequences } = whole;
  const inside = from.flatMap((begin, half) =>
    [...sequences].filter((at) => at > begin && at < begin + chunk).map((at) => half * chunk + at - begin),
  );
  return {
    tokens: rows.map((row) => whole.tokens[row]),
    targets: rows.map((row) => whole.targets[row]),
    weights: Float32Array.from(rows, (row) => whole.weights[row]),
    positions: rows.map((row) => whole.positions[row]),
    starts: Int32Array.from(new Set([0, ...inside, chunk, 2 * chunk])).sort(),
    rows,
    sequences,
    chunk,
  };
}

/**
 * Which queries of a rank see which keys of another, in earlier chunks: always all of them. A chunk and a later one share
 * at most one sequence, the one that is cut where the first of them ends; so what they have to do with each other is one
 * rectangle: the first queries of the one and the last keys of the other.
 * @returns at most three, and none where no sequence is cut. What a rank's tokens see within their own chunk is not here.
 */
export function tilesOf({ sequences, chunk }: ContextCut, { rank, size }: Place, owner: number): Tile[] {
  const tiles: Tile[] = [];
  for (const [qHalf, later] of chunksOf({ rank, size }).entries()) {
    for (const [kHalf, earlier] of chunksOf({ rank: owner, size }).entries()) {
      if (earlier >= later) continue;
      const last = (earlier + 1) * chunk - 1;
      const s = sequences.findLastIndex((start) => start <= last);
      const queries = Math.min(sequences[s + 1] - later * chunk, chunk);
      const keys = Math.min(last + 1 - sequences[s], chunk);
      if (queries <= 0) continue;
      tiles.push({
        q: [qHalf * chunk, qHalf * chunk + queries],
        k: [(kHalf + 1) * chunk - keys, (kHalf + 1) * chunk],
      });
    }
  }
  return tiles;
}

/** Pairs of a query and a key that a rank computes, over all owners: what its attention costs. */
export function pairsOf(cut: ContextCut, place: Place): number {
  let pairs = 0;
  for (let i = 1; i < cut.starts.length; i++) {
    const length = cut.starts[i] - cut.starts[i - 1];
    pairs += (length * (length + 1)) / 2;
  }
  for (let owner = 0; owner < place.size; owner++)
    for (const { q, k } of tilesOf(cut, place, owner)) pairs += (q[1] - q[0]) * (k[1] - k[0]);
  return pairs;
}

/**
 * A batch whose number of tokens is a multiple: with a sequence behind it that nothing is learned from, whose tokens all
 * stand at place 0, which every model has. An empty one becomes padding.
 */
export function padBatch(batch: HostBatch, multiple: number): HostBatch {
  const { length } = batch.tokens;
  const more = Math.max(1, Math.ceil(length / multiple)) * multiple - length;
  if (more === 0) return batch;
  return {
    tokens: longer(batch.tokens, new Int32Array(length + more), 0),
    targets: longer(batch.targets, new Int32Array(length + more), IGNORED),
    weights: longer(batch.weights, new Float32Array(length + more), 0),
    positions: longer(batch.positions, new Int32Array(length + more), 0),
    starts: longer(batch.starts, new Int32Array(batch.starts.length + 1), length + more),
  };
}

/** Values, and others behind them. */
function longer<T extends Int32Array | Float32Array>(values: T, into: T, rest: number): T {
  into.fill(rest).set(values);
  return into;
}

function checkBatch(batch: HostBatch): void {
  const { length } = batch.tokens;
  for (const name of ["targets", "weights", "positions"] as const) {
    if (batch[name].length === length) continue;
    throw new RangeError(
      `A batch of ${length} tokens has as many ${name}, but got ${batch[name].length}. Cut the whole batch, as packSamples made it.`,
    );
  }
  const { starts } = batch;
  const grows = starts.every((start, i) => i === 0 || start >= starts[i - 1]);
  if (starts[0] === 0 && grows && starts[starts.length - 1] === length) return;
  throw new RangeError(
    `The starts of a batch of ${length} tokens grow from 0 to ${length}, but these are ${starts.join(", ") || "none"}.`,
  );
}
