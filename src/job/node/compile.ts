/**
 * Turns a TypeScript program into a module that workers can import. The result is kept
 * beside the installed packages and reused while all that it rests on is unchanged (`compile-cache.ts`).
 * A program is one file, with what it imports; each source still knows its own place (`source-place.ts`).
 */
import { existsSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { BuildOptions, BuildResult, Plugin } from "esbuild";
import { fileUrl, rootOf } from "../../platform/node/paths.ts";
import { cacheFolders, fileWord, hashOf, KeptProgram, keepIn, type Resting } from "./compile-cache.ts";
import { restingOn } from "./resting.ts";
import { placeNames, requiredOutside, requireFrom, sourcePlace } from "./source-place.ts";

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

/** What holds an answer back. */
export interface Wall {
  /** The answer, without links. */
  readonly file: string;
  /** Looks at the answer as it is bundled. @throws CompileError when it may not be. */
  readonly check: (contents: string) => Promise<void>;
  /** Looks at what it imports. */
  readonly plugins: readonly Plugin[];
}

/** @throws CompileError when the file is missing or does not parse. */
export async function compileProgram(source: string): Promise<Program> {
  const path = sourceFile(source);
  // A CommonJS module is imported, so that its default is found wherever its own compiler has put it.
  const contents = `import program from ${JSON.stringify(path)}; export default program;`;
  const isCommon = /\.c[jt]s$/.test(path);
  return compileModule(path, isCommon ? { stdin: { contents, resolveDir: rootOf(path) } } : { entryPoints: [path] });
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
 * @param entry what to bundle: the source itself, or a string that imports it.
 * @throws CompileError when it does not parse.
 */
export async function compileModule(path: string, entry: Entry, wall?: Wall): Promise<Program> {
  const read = new Map<string, string>();
  let changed = false;
  let checked = false;
  const place = sourcePlace({
    walled: wall !== undefined,
    async onRead(file, contents) {
      const word = fileWord(file, contents);
      changed ||= (read.get(file) ?? word) !== word;
      read.set(file, word);
      if (file !== wall?.file) return;
      await wall.check(contents.toString("utf8"));
      checked = true;
    },
  });
  const options = optionsOf(path, entry, [place, ...(wall?.plugins ?? []), library], wall !== undefined);
  const name = `${basename(path).replace(/\W/g, "-")}-${keyOf(path, options)}`;
  const program = (out: string): Program => ({ path, file: basename(path), url: fileUrl(out) });
  const [first] = cacheFolders(packageRoot); // the others are for when this one has no room
  const found = first && new KeptProgram(first, name).find();
  if (found) return program(found);
  const since = Date.now();
  const { outputFiles, metafile } = await bundle(options);
  if (wall && !checked) throw new CompileError(`${wall.file} could not be looked at.`);
  const rests: Resting | undefined = changed
    ? undefined
    : restingOn(metafile, rootOf(packageRoot), [path, ...makers()], read, since);
  try {
    return program(keepIn(cacheFolders(packageRoot), name, outputFiles[0].text, rests));
  } catch (error) {
    throw new CompileError(`The compiled program could not be written to ${(error as Error).message}`);
  }
}

/** What programs import of the package; package.json exports the same. */
const exported = /^worldsize(\/(data|draw|exercise|files|load|models|parallel|serve|sim))?$/;

/** What the library is called in programs, which do not contain it: all of a job have one. */
const library: Plugin = {
  name: "worldsize",
  setup(build) {
    build.onResolve({ filter: exported }, ({ path, kind }) => {
      const url = fileUrl(join(packageRoot, "dist", `${path.split("/")[1] ?? "index"}.js`));
      return kind === "require-call" ? requiredOutside(url) : { path: url, external: true };
    });
  },
};

/** What the bundler is asked for. */
type Asked = BuildOptions & { readonly plugins: Plugin[]; readonly write: false; readonly metafile: true };

function optionsOf(path: string, entry: Entry, plugins: Plugin[], walled: boolean): Asked {
  return {
    ...entry,
    bundle: true,
    write: false,
    metafile: true,
    format: "esm",
    platform: "node",
    target: "node20",
    sourcemap: "inline",
    sourcesContent: false,
    sourceRoot: fileUrl(rootOf(packageRoot)), // as a URL, in which any name of a folder can be written
    absWorkingDir: rootOf(packageRoot),
    outfile: join(rootOf(packageRoot), "program.mjs"),
    logLevel: "silent",
    define: { ...placeNames },
    banner: walled ? {} : { js: requireFrom(path) },
    plugins,
  };
}

/** All that is known beforehand of what becomes of sources. Plugins are told apart by their text, as is a build of the library by its file. */
function keyOf(path: string, options: Asked): string {
  const plugins = options.plugins.map(({ setup }) => String(setup));
  return hashOf(path, JSON.stringify(options), ...plugins, process.version, import.meta.url);
}

/** What says which library and which bundler made a program: another version makes it anew. */
function makers(): string[] {
  return [join(packageRoot, "package.json"), createRequire(import.meta.url).resolve("esbuild/package.json")];
}

async function bundle(options: Asked): Promise<BuildResult<Asked>> {
  const esbuild = await import("esbuild");
  try {
    return await esbuild.build(options);
  } catch (error) {
    const { errors } = error as {
      errors?: { text: string; detail: unknown; location: { file: string; line: number; column: number } | null }[];
    };
    if (!errors) throw error;
    const refused = errors.find(({ detail }) => detail instanceof CompileError);
    if (refused) throw refused.detail;
    const lines = errors.slice(0, 5).map(({ text, location }) => {
      const place = location ? `${basename(location.file)}:${location.line}:${location.column + 1}: ` : "";
      return `${place}${text}`;
    });
    throw new CompileError(lines.join("\n"));
  }
}
