/** Watches a server's loop, and says on demand how it stands. It costs nothing while nobody watches. */
import type { EngineLoop, PagePool, RadixTree, Scheduled, Sequence } from "../../serve/index.ts";
import type { LiveFrame, LiveList, LivePages, LiveSequence, LiveShare, LiveStep } from "./frame.ts";
import { liveTree } from "./tree.ts";

/** What is watched. */
export interface LiveViewOptions {
  readonly name: string;
  readonly positions: number;
  readonly loop: EngineLoop;
  readonly pool: PagePool;
  /** None where no prefixes are kept. */
  readonly tree: RadixTree | undefined;
  /** Most tokens of a step, and most sequences at a time. */
  readonly budget: LiveFrame["budget"];
}

/** Most sequences of a list, cells of the pool, and steps of a frame. */
const [SEQUENCES, CELLS, STEPS] = [32, 4096, 128];
/** Tokens from which the end of a text is made. */
const TAIL = 16;
const [LETTERS, COLOURS] = [26, 8];

/** Frames of one server. */
export class LiveView {
  readonly #options: LiveViewOptions;
  #steps: LiveStep[] = [];
  #batch: readonly LiveShare[] = [];
  #close: (() => void) | undefined;

  constructor(options: LiveViewOptions) {
    this.#options = options;
  }

  /** Notes steps from here on. */
  open(): void {
    this.#close ??= this.#options.loop.watch({
      onStep: ({ prefill, decode, scheduled }, milliseconds) => {
        if (scheduled.length === 0) return;
        this.#steps.push({ milliseconds, prefill, decode });
        if (this.#steps.length > STEPS) this.#steps.shift();
        this.#batch = scheduled.map(shareOf);
      },
    });
  }

  /** Notes no more. */
  close(): void {
    this.#close?.();
    this.#close = undefined;
    this.#steps = [];
    this.#batch = [];
  }

  /** How the server stands, and the steps since the last frame. */
  frame(): LiveFrame {
    const { name, positions, loop, pool, tree, budget } = this.#options;
    const { engine, tokenizer } = loop;
    const decode = (tokens: readonly number[]): string => tokenizer.decode(tokens);
    const holders = holdersOf(engine.running, pool.pages);
    const { steps: count, promptTokens, cachedTokens, generatedTokens, preemptions, evictions } = engine.stats;
    const steps = this.#steps;
    this.#steps = [];
    return {
      model: { name, positions },
      budget,
      running: listOf(engine.running, decode),
      waiting: listOf(engine.waiting, decode),
      pages: pagesOf(pool, holders),
      tree: tree && liveTree(tree.root, (page) => holders.counts[page], decode),
      steps,
      batch: this.#batch,
      totals: { steps: count, promptTokens, cachedTokens, generatedTokens, preemptions, evictions },
    };
  }
}

const colourOf = ({ order, choice }: Sequence): number => ((order % LETTERS) + choice) % COLOURS;

function nameOf({ order, choice, request }: Sequence): string {
  const letter = String.fromCharCode(65 + (order % LETTERS));
  return (request.choices ?? 1) > 1 ? `${letter}${choice + 1}` : letter;
}

/** A sequence's part of a step that is over. */
function shareOf({ sequence, count }: Scheduled): LiveShare {
  const isDecode = sequence.computed - count >= sequence.request.prompt.length;
  return { name: nameOf(sequence), colour: colourOf(sequence), tokens: count, kind: isDecode ? "decode" : "prefill" };
}

function listOf(sequences: readonly Sequence[], decode: (tokens: readonly number[]) => string): LiveList {
  const first = sequences.slice(0, SEQUENCES).map((sequence): LiveSequence => {
    const { request, tokens, most, computed, cached, table, preemptions } = sequence;
    return {
      ...{ name: nameOf(sequence), colour: colourOf(sequence), prompt: request.prompt.length, tokens: tokens.length },
      ...{ most, computed, cached, pages: table.length, preemptions, tail: decode(tokens.slice(-TAIL)) },
    };
  });
  return { count: sequences.length, first };
}

/** By page: how many sequences hold it, and the colour of the first. */
interface Holders {
  readonly counts: Uint16Array;
  readonly colours: Uint8Array;
}

function holdersOf(sequences: readonly Sequence[], pages: number): Holders {
  const counts = new Uint16Array(pages);
  const colours = new Uint8Array(pages);
  for (const sequence of sequences) {
    const colour = colourOf(sequence);
    for (const page of sequence.table) if (counts[page]++ === 0) colours[page] = colour;
  }
  return { counts, colours };
}

function pagesOf(pool: PagePool, { counts, colours }: Holders): LivePages {
  const perCell = Math.ceil(pool.pages / CELLS);
  let [states, holders] = ["", ""];
  for (let start = 0; start < pool.pages; start += perCell) {
    const inside = { free: 0, idle: 0, shared: 0, own: 0 };
    let holder = ".";
    for (let page = start; page < Math.min(start + perCell, pool.pages); page++) {
      inside[pool.stateOf(page)]++;
      if (counts[page] > 0 && holder === ".") holder = String(colours[page]);
    }
    const most = Math.max(...Object.values(inside));
    states += Object.entries(inside).find(([, count]) => count === most)?.[0][0];
    holders += holder;
  }
  return { size: pool.pageSize, counts: pool.counts(), perCell, states, holders };
}
