import { defineMutants } from "worldsize/exercise";

export default defineMutants([
  {
    name: "no-copy-on-write",
    belief: "A fork shares its pages, and writes on.",
    edits: [
      ["sequence.length % pageSize > 0 && named[table[last]] > 1", "sequence.length < 0 && named[table[last]] > 1"],
    ],
    message: /it was written into without a copy/,
  },
  {
    name: "copies-full-pages",
    belief: "A shared last page is copied before one goes on.",
    edits: [["sequence.length % pageSize > 0 && named", "sequence.length > 0 && named"]],
    message: /The last page is full/,
  },
  {
    name: "shared-is-forever",
    belief: "What was shared once is copied by all.",
    edits: [
      ["  const sequences = new Map", "  const shared = new Set<number>();\n  const sequences = new Map"],
      [
        "for (const page of table) named[page]++;",
        "for (const page of table) {\n        named[page]++;\n        shared.add(page);\n      }",
      ],
      ["&& named[table[last]] > 1", "&& shared.has(table[last])"],
      ["    named[page] = 1;\n", "    named[page] = 1;\n    shared.delete(page);\n"],
    ],
    message: /No other table names it any more/,
  },
  {
    name: "free-takes-all",
    belief: "A sequence that ends gives its pages back.",
    edits: [["if (--named[page] === 0) free.push(page);", "named[page]--;\n    free.push(page);"]],
    message: /it was given away while it was still named/,
  },
  {
    name: "a-page-too-early",
    belief: "A full page wants a new one behind it (nano-vllm's block boundary).",
    edits: [
      [
        "        if (place % pageSize === 0) table.push(take());\n",
        "        if (table.length === 0) table.push(take());\n",
      ],
      [
        "      return { slots, copies };",
        "      if (sequence.length % pageSize === 0) table.push(take());\n      return { slots, copies };",
      ],
      [
        "* pageSize + (place % pageSize));\n",
        "* pageSize + (place % pageSize));\n        if (i + 1 < count && (place + 1) % pageSize === 0) table.push(take());\n",
      ],
    ],
    message: /taken before a token needs it|it threw/,
  },
  {
    name: "leaves-the-old-page",
    belief: "A copy has taken the old page's place.",
    edits: [["        release(table[last]);\n", ""]],
    message: /Whoever shared it has a copy/,
  },
]);
