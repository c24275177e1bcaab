/**
 * Turns a TypeScript program into a module that workers can import. The result is kept
 * beside the installed packages and reused while the program's files are unchanged.
 */
import { createHash } from "node:crypto";
import { accessSync, constants, existsSync, mkdtempSync, readFileSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { BuildOptions, Plugin } from "esbuild";
import { makeFolder, writeWhole } from "../../platform/node/files.ts";
import { fileUrl, rootOf } from "../../platform/node/paths.ts";
import { userFolder } from "../../platform/node/user-folder.ts";

/** What a bundle starts from. */
export type Entry = Pick<BuildOptions, "entryPoints" | "stdin">;

/** A program that is ready to run. */
export interface Program {
  /** Its source, as a path. */
  readonly path: string;
  /** Its name in messages. */
  readonly file: string;
  /** URL of the compiled module. */
  readonly url: string;
}

/** The program cannot be compiled; the message names file, line and column. */
export class CompileError extends Error {
  override readonly name = "CompileError";
}

/** The package's own folder, seen from dist/ and from src/job/node/. */
export const packageRoot = fileURLToPath(
  new URL(import.meta.url.includes("/dist/") ? "../" : "../../../", import.meta.url),
);

interface CacheEntry {
  /** Files the program was made of, with their times and sizes. */
  readonly inputs: readonly (readonly [string, number, number])[];
}

/** @throws CompileError when the file is missing or does not parse. */
export async function compileProgram(source: string): Promise<Program> {
  const path = sourceFile(source);
  return compileModule(path, { entryPoints: [path] }, []);
}

/** @returns the file's whole path. @throws CompileError when it is missing or no file. */
export function sourceFile(source: string): string {
  const path = resolve(source);
  if (!existsSync(path)) throw new CompileError(`${source} does not exist.`);
  if (!statSync(path).isFile()) throw new CompileError(`${source} is not a file.`);
  return path;
}

/**
 * @param path the source to call it by.
 * @param entry what to bundle: the source itself, or a text that imports it.
 * @throws CompileError when it does not parse.
 */
export async function compileModule(path: string, entry: Entry, plugins: Plugin[]): Promise<Program> {
  const program = (out: string): Program => ({ path, file: basename(path), url: fileUrl(out) });
  const key = createHash("sha256").update(path).update(JSON.stringify(entry)).digest("hex").slice(0, 16);
  const name = `${basename(path).replace(/\W/g, "-")}-${key}.mjs`;
  const folders = cacheFolders();
  const kept = folders.map((folder) => join(folder, name)).find(isFresh);
  if (kept) return program(kept);
  const began = Date.now();
  const { code, inputs } = await bundle(entry, plugins);
  const entries = inputs.map((input) => stampBefore(began, input));
  return program(writeFirst(folders, name, code, JSON.stringify({ inputs: entries } satisfies CacheEntry)));
}

/** Writes a program into the first of some folders that has room, or else one of this run. @throws CompileError when none has. */
function writeFirst(folders: readonly string[], name: string, code: string, about: string): string {
  const reasons: string[] = [];
  const ways = [...folders.map((folder) => () => folder), () => mkdtempSync(join(tmpdir(), "worldsize-"))];
  for (const [i, folder] of ways.entries()) {
    try {
      const out = join(folder(), name);
      writeWhole(out, code);
      writeWhole(`${out}.json`, about);
      return out;
    } catch (error) {
      reasons.push(`${folders[i] ?? tmpdir()} (${(error as Error).message})`);
    }
  }
  throw new CompileError(
    `The compiled program could not be written to ${reasons.join(", nor to ")}. Make room in one of them.`,
  );
}

async function bundle(entry: Entry, plugins: Plugin[]): Promise<{ code: string; inputs: string[] }> {
  const esbuild = await import("esbuild");
  const root = rootOf(packageRoot);
  const library = (name: string): string => fileUrl(join(packageRoot, "dist", name));
  try {
    const result = await esbuild.build({
      ...entry,
      bundle: true,
      write: false,
      metafile: true,
      format: "esm",
      platform: "node",
      target: "node20",
      sourcemap: "inline",
      sourcesContent: false,
      sourceRoot: "/", // part of a URL
      absWorkingDir: root,
      outfile: join(packageRoot, "program.mjs"),
      logLevel: "silent",
      plugins: [
        ...plugins,
        {
          name: "worldsize",
          setup(build) {
            build.onResolve({ filter: /^worldsize(\/(draw|exercise|sim))?$/ }, ({ path }) => ({
              path: library(`${path.split("/")[1] ?? "index"}.js`),
              external: true,
            }));
          },
        },
      ],
    });
    const inputs = Object.keys(result.metafile.inputs)
      .filter((input) => input !== "<stdin>")
      .map((input) => resolve(root, input)); // one on another disk is whole already
    return { code: result.outputFiles[0].text, inputs };
  } catch (error) {
    const { errors } = error as {
      errors?: { text: string; location: { file: string; line: number; column: number } | null }[];
    };
    if (!errors) throw error;
    const lines = errors.slice(0, 5).map(({ text, location }) => {
      const place = location ? `${basename(location.file)}:${location.line}:${location.column + 1}: ` : "";
      return `${place}${text}`;
    });
    throw new CompileError(lines.join("\n"));
  }
}

/** Beside the packages, and this user's own folder: those of them that can be written. */
function cacheFolders(): string[] {
  const own = userFolder();
  const folders = [join(packageRoot, "node_modules/.cache/worldsize"), ...(own ? [join(own, "cache")] : [])];
  return folders.filter((folder) => {
    try {
      makeFolder(folder);
      accessSync(folder, constants.W_OK);
      return true;
    } catch {
      return false; // another user's, or nothing can be written there
    }
  });
}

function isFresh(out: string): boolean {
  try {
    const entry = JSON.parse(readFileSync(`${out}.json`, "utf8")) as CacheEntry;
    return existsSync(out) && entry.inputs.every((was) => String(stamp(was[0])) === String(was));
  } catch {
    return false;
  }
}

/** Milliseconds that a file's time may be behind: some disks count in seconds. */
const COARSE = 1000;

/** What a file was when a build began; nothing that it ever is again if it may have changed since. */
function stampBefore(began: number, file: string): [string, number, number] {
  try {
    const found = stamp(file);
    return found[1] < began - COARSE ? found : [file, 0, 0];
  } catch {
    return [file, 0, 0]; // it is being replaced
  }
}

function stamp(file: string): [string, number, number] {
  const { mtimeMs, size } = statSync(file);
  return [file, mtimeMs, size];
}
