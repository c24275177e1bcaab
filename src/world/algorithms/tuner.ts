/**
 * Which algorithm carries out a collective. The choice depends only on what all ranks
 * know alike (bytes, members, the transport), and the table is handed to every rank of a
 * job by the one that starts it, so that all choose the same.
 */
import { unknownWord } from "../../platform/words.ts";

/** How an allReduce can be carried out. */
export const allReduceAlgorithms = [
  "shared",
  "ring",
  "doubling",
  "halving",
  "tree",
  "double-tree",
  "hierarchical",
  "one-shot",
] as const;
/** One of `allReduceAlgorithms`. */
export type AllReduceAlgorithm = (typeof allReduceAlgorithms)[number];

export const allGatherAlgorithms = ["ring", "gather"] as const;
export type AllGatherAlgorithm = (typeof allGatherAlgorithms)[number];

function check(field: string, word: string | undefined, words: readonly string[]): void {
  if (word === undefined || words.includes(word)) return;
  throw new TypeError(`A tuning table has for ${field} the ${unknownWord("algorithm", word, words)}`);
}

/** Thresholds, as measured on two cores; see `worldsize bench all-reduce`. */
export interface TuningTable {
  /** Use shared memory where the transport has it. */
  readonly shared: boolean;
  /** Up to this many bytes, recursive doubling. */
  readonly doublingBytes: number;
  /** Up to this many bytes, halving and doubling; above, ring. */
  readonly halvingBytes: number;
  /** Groups larger than this gather through one rank when pieces are small. */
  readonly gatherMembers: number;
  readonly gatherBytes: number;
  /** Always use this for allReduce. */
  readonly allReduce?: AllReduceAlgorithm;
  /** Ranks of a node, for hierarchical algorithms; the hosts decide if not given. */
  readonly ranksPerNode?: number;
  /** Always use this for allGather. */
  readonly allGather?: AllGatherAlgorithm;
}

export const defaultTable: TuningTable = {
  shared: true,
  doublingBytes: 8 * 1024,
  halvingBytes: 256 * 1024,
  gatherMembers: 16,
  gatherBytes: 4 * 1024,
};

export class Tuner {
  readonly table: TuningTable;

  /** @throws TypeError for a table that names an algorithm which does not exist. */
  constructor(table: TuningTable = defaultTable) {
    this.table = table;
    const { allReduce, allGather } = table;
    check("allReduce", allReduce, allReduceAlgorithms);
    check("allGather", allGather, allGatherAlgorithms);
  }

  /** @param shared whether this group has shared memory for it. @param wanted what the call asks for. */
  allReduce(bytes: number, members: number, shared: boolean, wanted?: AllReduceAlgorithm): AllReduceAlgorithm {
    const { table } = this;
    const forced = wanted ?? table.allReduce;
    if (forced && (forced !== "shared" || shared)) return forced;
    if (shared && table.shared) return "shared";
    // A ring has 2(n - 1) steps: it needs chunks worth sending.
    if (bytes <= table.doublingBytes) return "doubling";
    if (bytes <= Math.max(table.halvingBytes, members * 1024)) return "halving";
    return "ring";
  }

  /** @param bytes of the largest piece. */
  allGather(bytes: number, members: number): AllGatherAlgorithm {
    const { table } = this;
    if (table.allGather) return table.allGather;
    return members > table.gatherMembers && bytes <= table.gatherBytes ? "gather" : "ring";
  }
}
