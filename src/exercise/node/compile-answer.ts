/**
 * Joins an answer with its exercise into one program. An answer talks to nothing but what
 * it is handed: it may import "worldsize" and nothing else, and names of the process it runs in are
 * refused with their line. That is for the reader; what holds an answer back is its realm, in which
 * nothing leads to those names (platform/lockdown.ts, harness.ts).
 */
import { realpathSync } from "node:fs";
import { basename } from "node:path";
import type { Plugin } from "esbuild";
import { CompileError, compileModule, type Program, sourceFile, type Wall } from "../../job/node/compile.ts";
import { rootOf } from "../../platform/node/paths.ts";

/** Ways out that are no names of this process, but of its modules, of other threads, or of pages. */
const elsewhere: readonly string[] = [
  ...["require", "module", "exports", "__filename", "__dirname", "self", "window", "document", "location"],
  ...["postMessage", "importScripts", "Worker", "SharedWorker", "XMLHttpRequest", "WebSocket", "EventSource"],
  ...["indexedDB", "caches", "navigator", "localStorage", "sessionStorage", "Function"],
];

/** What is left of the globals: the language, and what Node and pages have alike and leads nowhere. */
const harmless: ReadonlySet<string> = new Set([
  ...["Object", "Array", "Number", "Boolean", "String", "Symbol", "BigInt", "Date", "Promise", "RegExp", "Proxy"],
  ...["Error", "AggregateError", "EvalError", "RangeError", "ReferenceError", "SyntaxError", "TypeError", "URIError"],
  ...["Map", "Set", "WeakMap", "WeakSet", "WeakRef", "FinalizationRegistry", "Iterator", "JSON", "Math", "Intl"],
  ...["Reflect", "Infinity", "NaN", "undefined", "parseFloat", "parseInt", "isFinite", "isNaN", "console"],
  ...["ArrayBuffer", "DataView", "Uint8Array", "Int8Array", "Uint16Array", "Int16Array", "Uint32Array", "Int32Array"],
  ...["Float16Array", "Float32Array", "Float64Array", "Uint8ClampedArray", "BigUint64Array", "BigInt64Array"],
  ...["decodeURI", "decodeURIComponent", "encodeURI", "encodeURIComponent", "escape", "unescape", "atob", "btoa"],
  ...["setTimeout", "clearTimeout", "setInterval", "clearInterval", "queueMicrotask", "structuredClone"],
  ...[
    "URL",
    "URLSearchParams",
    "TextEncoder",
    "TextDecoder",
    "AbortController",
    "AbortSignal",
    "performance",
    "crypto",
  ],
  ...["Event", "EventTarget", "CustomEvent", "DOMException"],
]);

/** Names that an answer may not use, unless they are its own. */
const outside = [...new Set([...elsewhere, ...Object.getOwnPropertyNames(globalThis)])].filter(
  (name) => !harmless.has(name) && /^[A-Za-z_$][\w$]*$/.test(name),
);

/** @throws CompileError when the answer does not parse, or reaches outside. */
export async function compileAnswer(exercise: string, answer: string): Promise<Program> {
  const path = realpathSync(sourceFile(answer)); // the bundler names importers by it
  const contents = `
    import exercise from ${JSON.stringify(sourceFile(exercise))};
    import { exerciseScript } from "worldsize/exercise";
    export default exerciseScript(exercise, () => import(${JSON.stringify(path)}));
  `;
  const wall: Wall = {
    file: path,
    check: (source) => refuseOutside(path, source), // what is bundled, and not what lies there before or after
    plugins: [onlyWorldsize(path)],
  };
  return compileModule(path, { stdin: { contents, resolveDir: rootOf(path), loader: "ts" } }, wall);
}

function onlyWorldsize(answer: string): Plugin {
  return {
    name: "answer",
    setup(build) {
      build.onResolve({ filter: /.*/ }, ({ path, importer }) => {
        if (importer !== answer || path === "worldsize") return undefined;
        return { errors: [{ text: `an answer may import nothing but "worldsize", not "${path}"` }] };
      });
    },
  };
}

/** @throws CompileError naming the line that reaches outside. */
async function refuseOutside(path: string, source: string): Promise<void> {
  const esbuild = await import("esbuild");
  const mark = "__outside_";
  const define: Record<string, string> = Object.fromEntries(outside.map((name) => [name, `${mark}${name}`]));
  define["import.meta"] = `${mark}meta`;
  let code: string;
  try {
    // An import at run time becomes a call that no string and no method of an answer looks like.
    const supported = { "dynamic-import": false };
    code = (await esbuild.transform(source, { loader: "ts", format: "esm", define, supported, logLevel: "silent" }))
      .code;
  } catch {
    return; // the bundler will say what does not parse, and where
  }
  const name = new RegExp(`\\b${mark}([\\w$]+)`).exec(code)?.[1];
  const found =
    name === "meta"
      ? "import.meta"
      : (name ?? (/__toESM\(require\((?!"worldsize"\)\))/.test(code) ? "import" : undefined));
  if (!found) return;
  const line = source.split("\n").findIndex((text) => new RegExp(`(?<![\\w$.])${found}\\b`).test(text)) + 1;
  throw new CompileError(
    `${basename(path)}:${line || 1}: an answer may use only what it is handed and imports from "worldsize", not ${found}.`,
  );
}
