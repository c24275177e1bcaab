/**
 * What a file of a program knows of its own place, though it runs as part of a bundle that lies
 * elsewhere: `import.meta` and `__dirname` are those of the file they stand in, and what Node's own
 * `require` does in CommonJS files works, too. No line and no column of the file is moved for that.
 */
import { readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, extname } from "node:path";
import type { Plugin } from "esbuild";
import { fileUrl } from "../../platform/node/paths.ts";
import { LATE_IMPORT, renameLateImports } from "./late-imports.ts";

/** Names by which a file calls what it knows of its place, and what the bundler puts there. */
export const placeNames: Readonly<Record<string, string>> = {
  "import.meta": "__worldsize_meta",
  "import.meta.resolve": "__worldsize_meta.resolve",
  __dirname: "__worldsize_meta.dirname",
  __filename: "__worldsize_meta.filename",
};

/** Kinds of modules that lie in no file. */
const PLACE = "worldsize-place";
const REQUIRED = "worldsize-required";

export interface SourceOptions {
  /** Sees each file as it is bundled. @throws what is wrong with it. */
  readonly onRead: (path: string, contents: Buffer) => void | Promise<void>;
  /** Whether its files are kept from Node: nothing but words about their place is added to the bundle. */
  readonly walled: boolean;
}

/** Reads the files of a program, once each, and gives them what they know of their place. */
export function sourcePlace({ onRead, walled }: SourceOptions): Plugin {
  return {
    name: "place",
    setup(build) {
      build.onLoad({ filter: /.*/, namespace: "file" }, async ({ path, with: attributes }) => {
        let contents: Buffer;
        try {
          contents = readFileSync(path);
        } catch {
          return undefined; // the bundler says what is wrong with it
        }
        await onRead(path, contents);
        if (extname(path) === ".node" && !walled) return { contents: addon(path), loader: "js" };
        if (Object.keys(attributes).length > 0 || !/\.[cm]?[jt]sx?$/.test(path)) {
          return { contents, loader: "default" };
        }
        const source = contents.toString("utf8");
        const text = walled ? source : await renameLateImports(source, extname(path));
        const names = [
          ...(/\bmeta\b|__dirname|__filename/.test(text) ? ["meta as __worldsize_meta"] : []),
          ...(text === source ? [] : [`load as ${LATE_IMPORT}`]),
        ];
        if (names.length === 0) return { contents: text, loader: "default" };
        // At the end, where it moves nothing; an import is there before the file's first line runs.
        const place = `import { ${names.join(", ")} } from ${JSON.stringify(`${PLACE}:${path}`)};`;
        return { contents: `${text}\n${place}`, loader: "default" };
      });

      build.onResolve({ filter: new RegExp(`^${PLACE}:`) }, ({ path, importer }) =>
        path === `${PLACE}:${importer}` ? { path: importer, namespace: PLACE } : undefined,
      );
      build.onLoad({ filter: /.*/, namespace: PLACE }, ({ path }) => ({
        contents: placeOf(path, walled),
        loader: "ts",
      }));

      if (walled) return;
      build.onResolve({ filter: /.*/, namespace: REQUIRED }, ({ path }) => ({ path, external: true }));
      build.onResolve({ filter: /.*/ }, ({ path, kind, namespace }) => {
        const required = kind === "require-call" && namespace !== REQUIRED && isBuiltin(path);
        return required ? { path, namespace: REQUIRED } : undefined;
      });
      build.onLoad({ filter: /.*/, namespace: REQUIRED }, ({ path }) => ({ contents: required(path), loader: "js" }));
    },
  };
}

/** What a CommonJS file gets that requires a module which stays outside the bundle. */
export const requiredOutside = (path: string): { path: string; namespace: string } => ({ path, namespace: REQUIRED });

/**
 * The `require` of CommonJS files for what is known only when they run: a line at the top of a bundle.
 * It looks from the program's place. @param entry a file.
 */
export function requireFrom(entry: string): string {
  return `import { createRequire as __worldsize_require } from "node:module"; const require = __worldsize_require(${JSON.stringify(fileUrl(entry))});`;
}

/** The members of an enum become strings where they are named, so that they are there before any line has run. */
function placeOf(path: string, walled: boolean): string {
  const word = JSON.stringify;
  const places = `export enum meta { url = ${word(fileUrl(path))}, dirname = ${word(dirname(path))}, filename = ${word(path)} }`;
  if (walled) return places;
  return `
    import { createRequire, isBuiltin } from "node:module";
    import { pathToFileURL } from "node:url";
    ${places}
    export namespace meta {
      export function resolve(name: string): string {
        if (/^\\.{0,2}\\//.test(name) || URL.canParse(name)) return new URL(name, meta.url).href;
        const path = createRequire(meta.url).resolve(name);
        return isBuiltin(path) ? \`node:\${path}\` : pathToFileURL(path).href;
      }
    }
    export async function load(name: unknown, options: any) {
      let url = String(name);
      try {
        url = meta.resolve(url);
      } catch {
        // Node says that it is not there
      }
      return import(url, options);
    }`;
}

/** A module as `require` gives it: all of a module of Node, or the names of another one. */
function required(path: string): string {
  const all = isBuiltin(path) ? "all" : "* as all";
  return `import ${all} from ${JSON.stringify(path)}; module.exports = all;`;
}

/** Native code, which Node loads from where it lies. */
function addon(path: string): string {
  const url = JSON.stringify(fileUrl(path));
  return `module.exports = require("node:module").createRequire(${url})(${JSON.stringify(path)});`;
}
