/** Mistakes in the engine, each as an edit of one file of src/serve: what people wrote in earnest, and what is easily written. */
import type { Edits } from "../helpers/edited.ts";

/** A mistake. */
export interface Mutant {
  readonly name: string;
  /** Below src/serve. */
  readonly file: string;
  readonly edits: Edits;
}

/** All of them; the suite has to find each. */
export const mutants: readonly Mutant[] = [
  {
    name: "forgets to copy before it writes",
    file: "engine/sequence-pages.ts",
    edits: [["copies.push([old, page]);", ""]],
  },
  {
    name: "writes into a shared page",
    file: "engine/sequence-pages.ts",
    edits: [["if (computed % pool.pageSize > 0 && pool.isShared(table[last])) {", "if (pool.pages < 0) {"]],
  },
  {
    name: "releases a copied page twice",
    file: "engine/sequence-pages.ts",
    edits: [["pool.release(old);", "pool.release(old);\n      if (pool.isShared(old)) pool.release(old);"]],
  },
  {
    name: "keeps a page that is not full yet",
    file: "engine/sequence-pages.ts",
    edits: [
      [
        "Math.floor(sequence.computed / pool.pageSize)",
        "Math.min(Math.floor(sequence.tokens.length / pool.pageSize), sequence.table.length)",
      ],
    ],
  },
  {
    name: "keeps pages of tokens that have not been run",
    file: "engine/sequence-pages.ts",
    edits: [["Math.floor(sequence.computed / pool.pageSize)", "sequence.table.length - 1"]],
  },
  {
    name: "frees a duplicate and goes on reading it (mini-sglang 142)",
    file: "engine/sequence-pages.ts",
    edits: [["sequence.replacePage(i, kept[i]);", ""]],
  },
  {
    name: "does not hold what takes the place of a duplicate",
    file: "engine/sequence-pages.ts",
    edits: [["pool.hold(kept[i]);", ""]],
  },
  {
    name: "begins with pages that it does not hold",
    file: "engine/sequence-pages.ts",
    edits: [["this.hold(found);\n    sequence", "sequence"]],
  },
  {
    name: "a table that is a page short",
    file: "engine/sequence-pages.ts",
    edits: [
      ["while (table.length < pool.pagesFor(computed + count))", "while (table.length < pool.pagesFor(computed))"],
    ],
  },
  {
    name: "does not compare tokens where hashes are equal, in the chain (vllm 12621)",
    file: "pages/chain.ts",
    edits: [
      ["link.before === before && tokens.every((token, i) => token === link.tokens[i])", "link.before === before"],
    ],
  },
  {
    name: "does not compare what is before where tokens are equal, in the chain",
    file: "pages/chain.ts",
    edits: [["link.before === before && tokens", "tokens"]],
  },
  {
    name: "does not compare tokens where hashes are equal, in trees",
    file: "pages/by-page.ts",
    edits: [["list?.find((node) => samePage(node.tokens, 0, tokens, from, this.#pageSize))", "list?.[0]"]],
  },
  {
    name: "compares only the first page of a node",
    file: "pages/radix.ts",
    edits: [
      [
        "while (count < most && samePage(node.tokens, count * pageSize, tokens, (at + count) * pageSize, pageSize))",
        "while (count < most)",
      ],
    ],
  },
  {
    name: "evicts pages that sequences hold, in the chain",
    file: "pages/chain.ts",
    edits: [["this.#pool.isIdle(link.page) && ", ""]],
  },
  {
    name: "evicts pages that sequences hold, in the tree",
    file: "pages/radix.ts",
    edits: [["node.pages.length > 0 && this.#pool.isIdle(node.pages[node.pages.length - 1])", "node.pages.length > 0"]],
  },
  {
    name: "a node that was cut in two loses its children",
    file: "pages/radix.ts",
    edits: [
      [
        "const below = new Node(tokens, rest, this, this.children, this.used);",
        "const below = new Node(tokens, rest, this, none, this.used);",
      ],
    ],
  },
  {
    name: "counts the pages of the last one twice when it gives them up",
    file: "engine/scheduler.ts",
    edits: [["room += pagesGained(pool, last);", "room += last.table.length;"]],
  },
  {
    name: "counts found pages as free, too",
    file: "engine/scheduler.ts",
    edits: [
      ["if (idle + need > room) break;", "if (need > room) break;"],
      ["room -= idle;\n", ""],
    ],
  },
  {
    name: "a budget of pages in place of tokens (sglang 7397, 6046)",
    file: "engine/scheduler.ts",
    edits: [["const need = pool.pagesFor(sequence.tokens.length) - found.length;", "const need = 1;"]],
  },
  {
    name: "lets in whoever fits, so that the big one never does",
    file: "engine/scheduler.ts",
    edits: [["if (idle + need > room) break;", "if (idle + need > room) continue;"]],
  },
  {
    name: "lets in again whom it has just sent out (vllm 25538)",
    file: "engine/scheduler.ts",
    edits: [
      ["if (preempted.length > 0) return", "if (preempted.length < 0) return"],
      ["for (const sequence of waiting) {", "for (const sequence of [...preempted, ...waiting]) {"],
    ],
  },
  {
    name: "takes the whole prompt from the cache (nano-vllm 144)",
    file: "engine/sequence.ts",
    edits: [[": this.#tokens.length - 1;", ": this.#tokens.length;"]],
  },
  {
    name: "a prompt that is scored comes from the cache (vllm 8268)",
    file: "engine/sequence.ts",
    edits: [["return this.isScoring ? Math.max(0, this.#scored - 1) :", "return"]],
  },
  {
    name: "counts as computed what is not, after preemption",
    file: "engine/sequence.ts",
    edits: [["    this.#computed = 0;\n    return", "    return"]],
  },
  {
    name: "scores a token by the logits of itself",
    file: "engine/sequence.ts",
    edits: [["from: first - 1 - this.#computed", "from: first - this.#computed"]],
  },
  {
    name: "scores from the beginning again, after preemption",
    file: "engine/sequence.ts",
    edits: [["    this.#computed = 0;\n    return", "    this.#computed = 0;\n    this.#scored = 0;\n    return"]],
  },
  {
    name: "one new token where none is wanted (vllm 39556)",
    file: "engine/sequence.ts",
    edits: [["if (this.#tokens.length >= this.most) return [];", ""]],
  },
  {
    name: "other choices do not hold the pages of the prompt",
    file: "engine/engine.ts",
    edits: [["for (const other of others) this.#pages.hold(other.table);", ""]],
  },
  {
    name: "an abort does not release (vllm 14512)",
    file: "engine/engine.ts",
    edits: [
      [
        "this.#pages.release(sequence.finish());",
        'if (reason === "abort") sequence.finish();\n    else this.#pages.release(sequence.finish());',
      ],
    ],
  },
  {
    name: "an abort frees pages under the step that writes into them (sglang 24527)",
    file: "engine/engine.ts",
    edits: [["if (this.#stepping) return;\n    this.#clear();", "this.#clear();"]],
  },
  {
    name: "choices that had not begun never hear of their end",
    file: "engine/engine.ts",
    edits: [
      ["for (let i = 0; i <= branches; i++) this.#readers", "this.#readers"],
      ["onFinish(choice + i,", "onFinish(choice,"],
    ],
  },
  {
    name: "keeps what a step that failed was to compute",
    file: "engine/engine.ts",
    edits: [
      [
        "for (const { sequence } of scheduled) this.#finish(",
        "for (const { sequence, count } of scheduled) sequence.advance(count), this.#finish(",
      ],
      [' && reason !== "error"', ""],
    ],
  },
  {
    name: "a step that failed loses its sequences without a word",
    file: "engine/engine.ts",
    edits: [['this.#finish(sequence, sequence.aborted ? "abort" : "error", error);', "sequence.finish();"]],
  },
  {
    name: "who comes first is who waits last",
    file: "engine/sequence.ts",
    edits: [["|| a.order - b.order ||", "|| b.order - a.order ||"]],
  },
  {
    name: "reads a page back after the step that writes into it",
    file: "engine/engine.ts",
    edits: [
      ["    this.#tiers?.save(this.#pages.takeEvicted());\n", ""],
      [
        "    const run = async () => this.#runner.run({ copies, rows });",
        "    const run = async () => {\n      const given = this.#runner.run({ copies, rows });\n      this.#tiers?.save(this.#pages.takeEvicted());\n      return given;\n    };",
      ],
    ],
  },
  {
    name: "frees the pages of a load before it has ended",
    file: "engine/tiers.ts",
    edits: [["    load.end = this.#fetch(load);", "    load.end = this.#fetch(load);\n    pages.release(all);"]],
  },
  {
    name: "keeps pages whose bytes have not come",
    file: "engine/tiers.ts",
    edits: [
      [
        "cache.keep(load.tokens.slice(0, load.ready * pool.pageSize), load.pages.slice(0, load.ready));",
        "cache.keep(load.tokens, load.pages);",
      ],
    ],
  },
  {
    name: "goes on behind a page that was lost",
    file: "engine/tiers.ts",
    edits: [["if (bytes?.length !== memory.pageBytes) break;", "if (bytes?.length !== memory.pageBytes) continue;"]],
  },
  {
    name: "writes what has come one page too far",
    file: "engine/tiers.ts",
    edits: [
      [
        "load.pages.slice(load.ready, load.ready + bytes.length)",
        "load.pages.slice(load.ready - 1, load.ready - 1 + bytes.length)",
      ],
    ],
  },
  {
    name: "gives the page of another prefix that ends alike",
    file: "pages/page-index.ts",
    edits: [
      [
        "for (let at = 0; at < tokens.length; at += this.#pageSize) {",
        "for (let at = tokens.length - this.#pageSize; at < tokens.length; at += this.#pageSize) {",
      ],
      [
        "const place = this.#walk(tokens, page + 1);",
        "const place = this.#root.behind.get(tokens, page * this.#pageSize);",
      ],
    ],
  },
];
