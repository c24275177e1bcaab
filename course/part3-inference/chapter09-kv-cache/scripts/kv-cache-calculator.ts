// How many bytes a model keeps for each token, how many pages sequences take, and what reserving the longest would waste.
import { boolean, type Context, choice, defineScript, number, string, type TensorDevice } from "worldsize";
import { llamaShape } from "worldsize/models";
import { PagedKv } from "worldsize/serve";
import { bytesPerToken, inBlocks, type KvDtype, kvDtypes, pagesFor } from "../lib/kv-size.ts";
import { type NamedShape, shapeNamed, shapeNames } from "../lib/shapes.ts";

type Show = Context["show"];

/** Tokens of each sequence, when none are given: prompts and answers of very different lengths. */
const LENGTHS = "37 120 260 513 900 1400 2048 37 75 700";

export default defineScript({
  about: "Sizes a model's keys and values: bytes of a token, pages of sequences, and what is empty in them.",
  ranks: 1,
  options: {
    model: string("llama-3.1-8b", `a config.json, or ${shapeNames.join(", ")}`),
    dtype: choice("bf16", kvDtypes, "what keys and values are kept in"),
    lengths: string(LENGTHS, "tokens of each sequence"),
    pageSize: number(16, "tokens of a page", { min: 1, max: 4096, integer: true }),
    reserve: number(2048, "tokens that each sequence would be given at once, without pages", {
      ...{ min: 1, max: 1e7, integer: true },
    }),
    room: number(40, "GB for keys and values", { min: 0.001, max: 1e6 }),
    check: boolean(false, "compares the formula with what the allocator counts for small pools of that dtype"),
  },
  quick: { options: { lengths: "37 120 260" } },
  check: wrongOptions,
  async main({ world, device, options, show }) {
    if (world.rank > 0) return;
    const shape = shapeNamed(options.model);
    const lengths = lengthsOf(options.lengths);
    showToken(show, options.model, shape);
    showPages(show, shape, lengths, options);
    showRoom(show, shape, lengths, options);
    if (options.check) showCheck(show, device, options.dtype);
  },
});

interface Options {
  readonly model: string;
  readonly lengths: string;
  readonly dtype: KvDtype;
  readonly pageSize: number;
  readonly reserve: number;
  readonly room: number;
}

const lengthsOf = (words: string): number[] =>
  words
    .split(/[\s,]+/)
    .filter(Boolean)
    .map(Number);

/** What is wrong with the options, before anything is computed. */
function wrongOptions({ model, lengths, reserve }: Options): string | undefined {
  try {
    shapeNamed(model);
  } catch (error) {
    return `--model ${model}: ${(error as Error).message}.`;
  }
  const list = lengthsOf(lengths);
  if (list.length === 0 || list.some((length) => !(Number.isSafeInteger(length) && length >= 1)))
    return `--lengths "${lengths}" are not numbers of tokens. Give some, such as "100 2000 37".`;
  const longest = Math.max(...list);
  return longest > reserve
    ? `--reserve ${reserve} tokens is less than the longest sequence, ${longest}. Give at least ${longest}.`
    : undefined;
}

/** Bytes of a token in each dtype, and what other ways of attention would take. */
function showToken(show: Show, name: string, shape: NamedShape): void {
  const { layers, heads, kvHeads, headDim, latent, maxPositions } = shape;
  show.line(`${name}, after`);
  show.line(`  ${shape.source}`);
  show.line(
    latent === undefined
      ? `${layers} layers × 2 × ${kvHeads} heads of keys (of ${heads} of queries) × ${headDim} numbers`
      : `${layers} layers × ${latent} numbers for keys and values together (latent attention)`,
  );
  const others = latent === undefined ? { [`with ${heads} heads`]: heads, "with one head": 1 } : {};
  show.table(
    kvDtypes.map((dtype) => {
      const bytes = bytesPerToken(shape, dtype);
      return {
        dtype,
        "bytes of a token": bytes,
        [`GB of ${maxPositions} tokens`]: ((bytes * maxPositions) / 1e9).toFixed(3),
        ...Object.fromEntries(
          Object.entries(others).map(([title, count]) => [title, bytesPerToken({ ...shape, kvHeads: count }, dtype)]),
        ),
      };
    }),
    "What a token keeps in all layers",
  );
}

/** Pages of the sequences at several sizes, and what is empty in the last ones. */
function showPages(
  show: Show,
  shape: NamedShape,
  lengths: readonly number[],
  { dtype, pageSize, reserve }: Options,
): void {
  const bytes = bytesPerToken(shape, dtype);
  const tokens = lengths.reduce((sum, each) => sum + each, 0);
  const sizes = [...new Set([1, pageSize, 64, 256])].sort((a, b) => a - b);
  const rowOf = (name: string, slots: number, pages: number | string) => ({
    "": name,
    pages,
    slots,
    empty: slots - tokens,
    "empty %": ((100 * (slots - tokens)) / slots).toFixed(1),
    GB: ((slots * bytes) / 1e9).toFixed(3),
  });
  show.table(
    [
      ...sizes.map((size) => {
        const pages = lengths.reduce((sum, each) => sum + pagesFor(each, size), 0);
        return rowOf(`pages of ${size}`, pages * size, pages);
      }),
      rowOf(`${reserve} reserved`, lengths.length * reserve, "-"),
    ],
    `${lengths.length} sequences with ${tokens} tokens in all, ${dtype}`,
  );
}

/** How many sequences like these fit. */
function showRoom(show: Show, shape: NamedShape, lengths: readonly number[], options: Options): void {
  const { dtype, pageSize, reserve, room } = options;
  const bytes = bytesPerToken(shape, dtype);
  const pages = Math.floor((room * 1e9) / (bytes * pageSize));
  const mean = lengths.reduce((sum, each) => sum + pagesFor(each, pageSize), 0) / lengths.length;
  const paged = Math.floor(pages / mean);
  const reserved = Math.floor((room * 1e9) / (bytes * reserve));
  show.line(
    `${room} GB are ${pages} pages: ${paged} sequences like these fit, or ${reserved} with ${reserve} reserved.`,
  );
}

/** Pools that are really made in a dtype, with what the allocator says of them. */
function showCheck(show: Show, device: TensorDevice, dtype: KvDtype): void {
  const kv = (): number => device.memoryStats().byTag.kv?.current ?? 0;
  const rows = [
    { layers: 2, heads: 4, kvHeads: 4, headDim: 32, pages: 10, pageSize: 16 },
    { layers: 3, heads: 8, kvHeads: 2, headDim: 64, pages: 7, pageSize: 4 },
    { layers: 5, heads: 6, kvHeads: 1, headDim: 48, pages: 33, pageSize: 8 },
  ].map(({ pages, pageSize, ...small }) => {
    const before = kv();
    const config = llamaShape({ ...small, width: small.heads * small.headDim, vocabularySize: 8, ffnWidth: 8 });
    const pool = new PagedKv(device, config, pages, pageSize, dtype);
    const allocated = kv() - before;
    pool.dispose();
    const after = kv() - before;
    const shape = { ...small, maxPositions: 0 };
    const formula = pages * pageSize * bytesPerToken(shape, dtype);
    const blocks = inBlocks(shape, pages * pageSize, dtype);
    if (pool.bytes !== formula || allocated !== blocks || after !== 0)
      throw new Error(
        `A pool of ${pool.bytes} bytes takes ${allocated} and leaves ${after}; the formula says ${formula}, ${blocks} and 0.`,
      );
    return {
      layers: small.layers,
      "kv heads": small.kvHeads,
      dim: small.headDim,
      pages: `${pages} × ${pageSize}`,
      "by formula": formula,
      allocated,
      "after dispose": after,
    };
  });
  show.table(rows, `Bytes that the allocator counts as "kv", ${dtype}, in blocks of 64`);
}
