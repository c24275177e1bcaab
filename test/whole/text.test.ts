/** The course's text: links lead somewhere, words are spelt, scripts have their pages, and nothing is forgotten. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import nspell from "nspell";
import { describe, expect, it } from "vitest";

const pages = [
  "README.md",
  "ARCHITECTURE.md",
  "READING.md",
  "CONTRIBUTING.md",
  ...readdirSync("src", { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith("README.md"))
    .map((file) => join("src", file))
    .sort(),
  ...readdirSync("course", { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".md"))
    .map((file) => join("course", file))
    .sort(),
];
const read = (page: string): string => readFileSync(page, "utf8");

/** Anchors of a page's headings, as a forge makes them. */
function anchors(page: string): string[] {
  return [...read(page).matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replace(/ /g, "-"),
  );
}

/** Text without code, addresses and what is no prose. */
function prose(page: string): string {
  return read(page)
    .replace(/^```[\s\S]*?^```/gm, "")
    .replace(/`[^`\n]*`/g, "")
    .replace(/\]\([^)]*\)/g, "]")
    .replace(/&\w+;/g, " ");
}

it.each(pages)("links of %s lead somewhere", (page) => {
  const text = read(page).replace(/^```[\s\S]*?^```/gm, "");
  for (const [, target] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^https?:/.test(target)) continue;
    const [path, anchor] = target.split("#");
    const file = path === "" ? page : join(dirname(page), path);
    expect(existsSync(file), `${page} links to ${target}`).toBe(true);
    if (anchor) expect(anchors(file), `${page} links to ${target}`).toContain(anchor);
  }
});

describe("spelling", () => {
  const require = createRequire(import.meta.url);
  const folder = dirname(require.resolve("dictionary-en"));
  const speller = nspell({
    aff: readFileSync(join(folder, "index.aff")),
    dic: readFileSync(join(folder, "index.dic")),
  });
  for (const word of readFileSync("course/words.txt", "utf8").split(/\s+/)) speller.add(word);

  it.each(pages)("words of %s are known, or stand in course/words.txt", (page) => {
    const words = prose(page).match(/\p{L}[\p{L}'’]*/gu) ?? [];
    const unknown = new Set(
      words.map((word) => word.replace(/['’]s?$/, "").replace("’", "'")).filter((word) => word.length > 1),
    );
    expect([...unknown].filter((word) => !speller.correct(word))).toEqual([]);
  });

  it("knows no word that nobody writes", () => {
    expect(speller.correct("recieve")).toBe(false);
  });
});

it("every script has a page, every page a script, and every chapter names them", () => {
  const scripts = readdirSync("course", { recursive: true, encoding: "utf8" }).filter((file) =>
    /scripts\/[^/]+\.ts$/.test(file),
  );
  for (const script of scripts) {
    const page = join("course", script.replace(/\.ts$/, ".md"));
    expect(existsSync(page), `${page} is missing`).toBe(true);
    expect(read(join(dirname(page), "../README.md"))).toContain(`scripts/${relative(dirname(page), page)}`);
  }
});

it("chapters have 1,500 to 3,000 words", () => {
  for (const page of pages.filter((name) => /chapter\d+-[^/]+\/README\.md$/.test(name))) {
    // Bars of tables are no words.
    const count = read(page)
      .split(/\s+/)
      .filter((word) => /[\p{L}\p{N}]/u.test(word)).length;
    expect(count, page).toBeGreaterThanOrEqual(1500);
    expect(count, page).toBeLessThanOrEqual(3000);
  }
});

it("commands in the text name scripts that exist", () => {
  const scripts = readdirSync("course", { recursive: true, encoding: "utf8" }).flatMap(
    (file) => /scripts\/([^/]+)\.ts$/.exec(file)?.[1] ?? [],
  );
  for (const page of pages) {
    for (const [, name] of read(page).matchAll(/worldsize run ([a-z][a-z-]*)(?=[ `\n])/g))
      expect(scripts, `${page}: run ${name}`).toContain(name);
  }
});
