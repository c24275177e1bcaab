// One small attention over pages with all its values: a block table, slots, what is gathered, and what a copy on write saves.
import { type Context, defineScript, functional as F, number, type Tensor, type TensorDevice } from "worldsize";
import { PagePool } from "worldsize/serve";

type Show = Context["show"];
type Pair = readonly [number, number];

const PAGES = 12;
/** Numbers of a head: small enough to be shown. */
const DIM = 2;
const query: Pair = [1, 0.5];

/** Keys and values of a token, by its place in the text. */
const keysOf = (token: number): Pair => [token % 3, (token * token) % 4];
const valuesOf = (token: number): Pair => [10 * token, 1];

/** A sequence: its tokens and its pages. */
interface Sequence {
  readonly name: string;
  readonly tokens: number[];
  readonly table: number[];
}

export default defineScript({
  about: "Follows one attention through its block table, slot by slot, and a copy on write.",
  ranks: 1,
  options: {
    pageSize: number(4, "tokens of a page", { min: 1, max: 8, integer: true }),
    tokens: number(6, "tokens of the first sequence", { min: 1, max: 10, integer: true }),
  },
  check({ pageSize, tokens }) {
    // Two sequences with one more token each.
    const needed = 2 * Math.ceil((tokens + 1) / pageSize);
    return needed > PAGES
      ? `--tokens ${tokens} in pages of ${pageSize} needs up to ${needed} pages; there are ${PAGES}. Give larger pages, or fewer tokens.`
      : undefined;
  },
  async main({ world, device, options, show }) {
    if (world.rank > 0) return;
    const { pageSize } = options;
    const pool = new PagePool(PAGES, pageSize);
    const memory = new Memory(device, pool);

    // Somebody else was here, so that pages are not in order.
    const others = [pool.take(), pool.take()];
    const a: Sequence = { name: "a", tokens: [], table: [] };
    for (let token = 1; token <= options.tokens; token++) {
      append(a, token, pool, memory);
      if (token === pageSize) pool.release(others[0]);
    }
    pool.release(others[1]);
    show.line(`Sequence a: ${a.tokens.length} tokens in pages of ${pageSize}, block table [${a.table.join(", ")}]`);
    await showAttention(show, a, pool, memory);

    // A second choice of the same prompt: its pages are a's.
    const b: Sequence = { name: "b", tokens: [...a.tokens], table: [...a.table] };
    for (const page of b.table) pool.hold(page);
    show.line("");
    show.line(`Sequence b goes on from the same tokens. Block table [${b.table.join(", ")}], nothing is copied.`);
    for (const [sequence, token] of [
      [a, 7],
      [b, 9],
    ] as const) {
      const copied = append(sequence, token, pool, memory);
      const where = slotOf(sequence, sequence.tokens.length - 1, pageSize);
      const how = copied ? `page ${copied[0]} is shared: copied to ${copied[1]}` : "nothing is copied";
      show.line(`${sequence.name} appends token ${token}: ${how}; slot ${where}, table [${sequence.table.join(", ")}]`);
    }
    for (const sequence of [a, b]) await showOutput(show, sequence, pool, memory);
    showFragmentation(show, [a, b], pool);
    memory.dispose();
  },
});

/** Keys and values of all slots. */
class Memory {
  readonly #device: TensorDevice;
  readonly #k: Tensor;
  readonly #v: Tensor;

  constructor(device: TensorDevice, { pages, pageSize }: PagePool) {
    this.#device = device;
    this.#k = device.zeros([pages, pageSize, 1, DIM]);
    this.#v = device.zeros([pages, pageSize, 1, DIM]);
  }

  /** Writes a token's keys and values. */
  write(slot: number, token: number): void {
    const index = this.#device.tensor([slot], "i32");
    for (const [pages, row] of [
      [this.#k, keysOf(token)],
      [this.#v, valuesOf(token)],
    ] as const)
      F.indexCopy({ table: pages.reshape([pages.size / DIM, DIM]), index, source: this.#device.tensor([[...row]]) });
  }

  /** Copies a whole page. */
  copy(from: number, to: number): void {
    for (const pages of [this.#k, this.#v]) pages.slice(0, to, to + 1).copy_(pages.slice(0, from, from + 1));
  }

  /** The keys or values of a slot. */
  async read(of: "k" | "v", slot: number): Promise<number[]> {
    const rows = (await (of === "k" ? this.#k : this.#v).reshape([this.#k.size / DIM, DIM]).toArray()) as number[][];
    return rows[slot];
  }

  /** What the kernel makes of a block table: the attention of one query to all tokens. */
  async attention({ table, tokens }: Sequence): Promise<number[]> {
    const i32 = (values: readonly number[]): Tensor => this.#device.tensor([...values], "i32");
    const { o } = F.attentionPaged({
      q: this.#device.tensor([[[...query]]]),
      ...{ k: this.#k, v: this.#v, qStarts: i32([0, 1]), lengths: i32([tokens.length]) },
      tables: i32(table).reshape([1, table.length]),
    });
    return [...(await o.data())];
  }

  dispose(): void {
    for (const each of [this.#k, this.#v]) each.dispose();
  }
}

/** Where a position of a sequence lies. */
function slotOf({ table }: Sequence, position: number, pageSize: number): number {
  return table[Math.floor(position / pageSize)] * pageSize + (position % pageSize);
}

/** Appends a token: into the last page if that has room, which is copied first if another sequence has it. @returns the copy. */
function append(sequence: Sequence, token: number, pool: PagePool, memory: Memory): Pair | undefined {
  const { tokens, table } = sequence;
  let copied: Pair | undefined;
  if (tokens.length % pool.pageSize === 0) table.push(pool.take());
  else if (pool.isShared(table[table.length - 1])) {
    copied = [table[table.length - 1], pool.take()];
    memory.copy(...copied);
    pool.release(copied[0]);
    table[table.length - 1] = copied[1];
  }
  tokens.push(token);
  memory.write(slotOf(sequence, tokens.length - 1, pool.pageSize), token);
  return copied;
}

/** The attention in plain arithmetic, over what lies in the slots. */
async function byHand(sequence: Sequence, pool: PagePool, memory: Memory) {
  const slots = sequence.tokens.map((_, position) => slotOf(sequence, position, pool.pageSize));
  const keys = await Promise.all(slots.map((slot) => memory.read("k", slot)));
  const values = await Promise.all(slots.map((slot) => memory.read("v", slot)));
  const scores = keys.map(([x, y]) => (query[0] * x + query[1] * y) / Math.sqrt(DIM));
  const top = Math.max(...scores);
  const exps = scores.map((score) => Math.exp(score - top));
  const total = exps.reduce((sum, each) => sum + each, 0);
  const weights = exps.map((each) => each / total);
  const output = [0, 1].map((i) => values.reduce((sum, value, t) => sum + weights[t] * value[i], 0));
  return { slots, keys, values, scores, weights, output };
}

/** All steps of an attention, and that the kernel comes to the same. */
async function showAttention(show: Show, sequence: Sequence, pool: PagePool, memory: Memory): Promise<void> {
  const { slots, keys, values, scores, weights } = await byHand(sequence, pool, memory);
  show.table(
    sequence.tokens.map((token, position) => ({
      position,
      token,
      page: `${sequence.table[Math.floor(position / pool.pageSize)]}`,
      slot: slots[position],
      key: keys[position].join(" "),
      value: values[position].join(" "),
      score: scores[position].toFixed(3),
      weight: weights[position].toFixed(3),
    })),
    `q = ${query.join(" ")}; score = q · key / √${DIM}; page = table[position / ${pool.pageSize}]`,
  );
  await showOutput(show, sequence, pool, memory);
}

async function showOutput(show: Show, sequence: Sequence, pool: PagePool, memory: Memory): Promise<void> {
  const { output } = await byHand(sequence, pool, memory);
  const kernel = await memory.attention(sequence);
  const apart = Math.max(...output.map((each, i) => Math.abs(each - kernel[i])));
  if (apart > 1e-4) throw new Error(`The kernel gives ${kernel}, and by hand it is ${output}.`);
  const words = (list: readonly number[]): string => list.map((each) => each.toFixed(4)).join(" ");
  show.line(`Σ weight · value of ${sequence.name}: by hand ${words(output)}, F.attentionPaged ${words(kernel)}`);
}

/** How full the pages are. */
function showFragmentation(show: Show, sequences: readonly Sequence[], { pageSize }: PagePool): void {
  const pages = new Set(sequences.flatMap(({ table }) => table));
  const named = sequences.reduce((sum, { table }) => sum + table.length, 0);
  const kept = new Set(sequences.flatMap((each) => each.tokens.map((_, at) => slotOf(each, at, pageSize)))).size;
  show.line(
    `${pages.size} pages, named ${named} times: ${pages.size * pageSize} slots, ${kept} with tokens, ${pages.size * pageSize - kept} empty.`,
  );
}
