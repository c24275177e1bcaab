/**
 * What a bundle rests on beside the files in it: paths that decide how the bundler reads those files and
 * which ones it takes. It looks for an import in an order, so whatever comes to lie at an earlier place
 * would win; a settings file above a source applies to it; a package is the nearest one of its name.
 */
import { readFileSync, realpathSync, statSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, isAbsolute, join, resolve } from "node:path";
import type { Metafile } from "esbuild";
import { type Resting, wordAt } from "./compile-cache.ts";

/** Endings that the bundler tries, at one place or another. */
const endings = [".tsx", ".ts", ".jsx", ".js", ".mjs", ".cjs", ".mts", ".cts", ".css", ".json"] as const;
/** A file of JavaScript may be meant where one of TypeScript is named so. */
const meant: Readonly<Record<string, readonly string[]>> = {
  ".js": [".ts", ".tsx"],
  ".jsx": [".ts", ".tsx"],
  ".mjs": [".mts"],
  ".cjs": [".cts"],
};

/** What is read of a tsconfig.json. */
interface Settings {
  readonly extends?: string | readonly string[];
  readonly compilerOptions?: { readonly baseUrl?: string; readonly paths?: Record<string, readonly string[]> };
}

/**
 * @param root the folder that the bundler's paths start from. @param others paths that count, too: the program's, which may be a link.
 * @param read words of the files in the bundle, as they were read. @param since when the bundler began, in milliseconds.
 * @returns undefined if something has changed since, so that nobody can say which of it the bundler saw.
 */
export function restingOn(
  metafile: Metafile,
  root: string,
  others: readonly string[],
  read: ReadonlyMap<string, string>,
  since: number,
): Resting | undefined {
  const paths = new Set(others);
  const settings = new Map<string, Settings>();
  for (const file of read.keys()) for (const folder of above(file)) addSettings(folder, paths, settings);
  for (const [input, { imports }] of Object.entries(metafile.inputs)) {
    const stdin = input === "<stdin>";
    const importer = resolve(root, input);
    if (!stdin && !read.has(importer)) continue;
    for (const { path, original, external } of imports) {
      if (path.includes("*")) return undefined; // whatever comes to lie in a folder would be taken, too
      const name = original ?? path;
      if (/^[a-z-]{2,}:/i.test(path) || /^[a-z-]{2,}:/i.test(name) || name === "<runtime>" || isBuiltin(name)) continue;
      const taken = external ? undefined : resolve(root, path);
      if (/^\.{0,2}([\\/]|$)/.test(name) || isAbsolute(name)) addFile(resolve(dirname(importer), name), taken, paths);
      else addPackage(name, dirname(importer), taken, paths, settings);
    }
  }
  const rests: [string, string][] = [...read];
  for (const path of paths) {
    if (read.has(path)) continue;
    const word = wordAt(path);
    if (word !== "" && isNewer(path, since)) return undefined;
    rests.push([path, word]);
  }
  return rests;
}

/** Whether a file has changed since a time, as far as its own clock can tell. */
function isNewer(path: string, since: number): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat || stat.isDirectory()) return false;
  const changed = Math.max(stat.mtimeMs, stat.ctimeMs);
  return changed >= since - (changed % 1000 === 0 ? 2000 : 20);
}

/** The folders that a file is in. */
function above(file: string): string[] {
  const folders: string[] = [];
  for (let folder = dirname(file); folders.at(-1) !== folder; folder = dirname(folder)) folders.push(folder);
  return folders;
}

function addSettings(folder: string, paths: Set<string>, settings: Map<string, Settings>): void {
  if (paths.has(join(folder, "package.json"))) return;
  for (const name of ["package.json", "tsconfig.json", "jsconfig.json"]) paths.add(join(folder, name));
  for (const name of ["tsconfig.json", "jsconfig.json"]) addConfig(join(folder, name), paths, settings);
}

/** A settings file, and those that it extends. */
function addConfig(file: string, paths: Set<string>, settings: Map<string, Settings>): void {
  paths.add(file);
  if (settings.has(file)) return;
  const found = settingsIn(file);
  if (!found) return;
  settings.set(file, found);
  for (const base of [found.extends ?? []].flat()) {
    const folders =
      /^\.|^[\\/]/.test(base) || isAbsolute(base) ? [] : above(file).map((each) => join(each, "node_modules"));
    for (const folder of folders.length > 0 ? folders : [dirname(file)]) {
      const path = resolve(folder, base);
      for (const each of [path, `${path}.json`, join(path, "tsconfig.json"), join(path, "package.json")]) {
        addConfig(each, paths, settings);
      }
    }
  }
}

/** JSON with comments and commas at the end of lists. */
function settingsIn(file: string): Settings | undefined {
  try {
    const plain = readFileSync(file, "utf8")
      .replace(/^\uFEFF/, "")
      .replace(/("(?:\\.|[^"\\])*")|\/\/.*|\/\*[\s\S]*?\*\//g, "$1")
      .replace(/("(?:\\.|[^"\\])*")|,(?=\s*[}\]])/g, "$1");
    return JSON.parse(plain) as Settings;
  } catch {
    return undefined;
  }
}

/** Where the bundler looks for a file before it has the one that it took. */
function addFile(base: string, taken: string | undefined, paths: Set<string>): void {
  const ending = /\.[cm]?jsx?$/.exec(base)?.[0] ?? "";
  const stem = base.slice(0, base.length - ending.length);
  const places = [
    base,
    ...endings.map((each) => base + each),
    ...(meant[ending] ?? []).map((each) => stem + each),
    join(base, "package.json"),
    ...endings.map((each) => join(base, `index${each}`)),
  ];
  for (const place of places) {
    paths.add(place);
    if (taken !== undefined && realOf(place) === taken) return;
  }
}

function addPackage(
  name: string,
  from: string,
  taken: string | undefined,
  paths: Set<string>,
  settings: ReadonlyMap<string, Settings>,
): void {
  for (const [file, { compilerOptions: { baseUrl, paths: ways = {} } = {} }] of settings) {
    const base = resolve(dirname(file), baseUrl ?? ".");
    for (const [pattern, targets] of Object.entries(ways)) {
      const [start, end] = pattern.split("*");
      const fits = end === undefined ? name === pattern : name.startsWith(start) && name.endsWith(end);
      if (!fits) continue;
      const middle = name.slice(start.length, name.length - (end ?? "").length);
      for (const target of targets)
        addFile(
          resolve(
            base,
            target.replace("*", () => middle),
          ),
          taken,
          paths,
        );
    }
    if (baseUrl !== undefined) addFile(resolve(base, name), taken, paths);
  }
  const parts = name.split("/");
  const owner = parts.slice(0, name.startsWith("@") ? 2 : 1).join("/");
  for (const folder of above(join(from, "x"))) {
    const home = join(folder, "node_modules", owner);
    paths.add(home);
    if (!statSync(home, { throwIfNoEntry: false })?.isDirectory()) continue;
    paths.add(join(home, "package.json"));
    addFile(join(folder, "node_modules", name), taken, paths);
    if (taken === undefined || taken.startsWith(realOf(home) ?? home)) return;
  }
}

function realOf(path: string): string | undefined {
  try {
    return realpathSync.native(path);
  } catch {
    return undefined;
  }
}
