/** What somebody who watches a server is told, about ten times per second. A frame is whole: whoever missed one needs no other. */
import type { EngineStats, PageCounts } from "../../serve/index.ts";

/** A server at one moment. */
export interface LiveFrame {
  readonly model: { readonly name: string; readonly positions: number };
  /** Most tokens of a step, and most sequences at a time. */
  readonly budget: { readonly tokens: number; readonly sequences: number };
  /** Sequences that run and that wait: how many, and the first of each. */
  readonly running: LiveList;
  readonly waiting: LiveList;
  readonly pages: LivePages;
  /** Undefined where no prefixes are kept. */
  readonly tree: LiveTree | undefined;
  /** Steps since the last frame, the latest last. */
  readonly steps: readonly LiveStep[];
  /** Who was in the latest step that anybody has seen. */
  readonly batch: readonly LiveShare[];
  /** Since the server began. */
  readonly totals: LiveTotals;
}

/** The first of some sequences, and how many there are. */
export interface LiveList {
  readonly count: number;
  readonly first: readonly LiveSequence[];
}

/** One sequence. */
export interface LiveSequence {
  /** Its letter in all parts of a frame, and which choice of its request it is where there are several. */
  readonly name: string;
  /** Its colour in all parts of a frame, 0 to 7. */
  readonly colour: number;
  /** Tokens of its prompt, of all its text so far, and most that it may have. */
  readonly prompt: number;
  readonly tokens: number;
  readonly most: number;
  /** Tokens that have keys and values, and how many of those the cache had. */
  readonly computed: number;
  readonly cached: number;
  readonly pages: number;
  readonly preemptions: number;
  /** The end of its text. */
  readonly tail: string;
}

/** The pool, in cells of one or more pages. */
export interface LivePages {
  /** Tokens of a page. */
  readonly size: number;
  readonly counts: PageCounts;
  /** Pages of a cell. */
  readonly perCell: number;
  /** By cell, a letter for what most of its pages are: `f`ree, `i`dle, `s`hared, `o`wn. */
  readonly states: string;
  /** By cell: colour of the first sequence that holds one of its pages, or `.`. */
  readonly holders: string;
}

/** The nodes of the prefix tree that were used last, parents before children. */
export interface LiveTree {
  readonly nodes: readonly LiveNode[];
  /** Whether there are more. */
  readonly more: boolean;
}

/** A run of pages in the tree. */
export interface LiveNode {
  /** 0 for what begins a text. */
  readonly depth: number;
  readonly pages: number;
  /** Sequences that hold it now. */
  readonly holders: number;
  /** How its text begins. */
  readonly text: string;
}

/** A step. */
export interface LiveStep {
  readonly milliseconds: number;
  readonly prefill: number;
  readonly decode: number;
}

/** A sequence's part of a step. */
export interface LiveShare {
  readonly name: string;
  readonly colour: number;
  readonly tokens: number;
  readonly kind: "prefill" | "decode";
}

/** Counters of the engine. */
export type LiveTotals = Pick<
  EngineStats,
  "steps" | "promptTokens" | "cachedTokens" | "generatedTokens" | "preemptions" | "evictions"
>;
