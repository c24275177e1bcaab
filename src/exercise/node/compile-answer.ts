/**
 * Joins an answer with its exercise into one program. An answer talks to nothing but what
 * it is handed: it may import "worldsize" and nothing else, and names of the process it
 * runs in are refused, because a check must judge what the answer does, not where it looks.
 */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import type { Plugin } from "esbuild";
import { CompileError, compileModule, type Program, sourceFile } from "../../job/node/compile.ts";
import { rootOf } from "../../platform/node/paths.ts";

/** Ways out of an answer. */
const outside = ["process", "globalThis", "global", "require", "eval", "Function", "module", "Worker", "self"] as const;

/** @throws CompileError when the answer does not parse, or reaches outside. */
export async function compileAnswer(exercise: string, answer: string): Promise<Program> {
  const path = sourceFile(answer);
  await refuseOutside(path);
  const contents = `
    import exercise from ${JSON.stringify(sourceFile(exercise))};
    import { exerciseScript } from "worldsize/exercise";
    export default exerciseScript(exercise, () => import(${JSON.stringify(path)}));
  `;
  return compileModule(path, { stdin: { contents, resolveDir: rootOf(path), loader: "ts" } }, [onlyWorldsize(path)]);
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
async function refuseOutside(path: string): Promise<void> {
  const esbuild = await import("esbuild");
  const source = readFileSync(path, "utf8");
  const mark = "__outside_";
  const define = Object.fromEntries(outside.map((name) => [name, `${mark}${name}`]));
  let code: string;
  try {
    code = (await esbuild.transform(source, { loader: "ts", define, logLevel: "silent" })).code;
  } catch {
    return; // the bundler will say what does not parse, and where
  }
  const found =
    outside.find((name) => code.includes(mark + name)) ??
    (/\.constructor\b|\[["'`]constructor["'`]\]/.test(code) ? "constructor" : undefined) ??
    (/\bimport\s*\((?!\s*["']worldsize["'])/.test(code) ? "import" : undefined);
  if (!found) return;
  const line = source.split("\n").findIndex((text) => new RegExp(`\\b${found}\\b`).test(text)) + 1;
  throw new CompileError(
    `${basename(path)}:${line}: an answer may use only what it is handed and imports from "worldsize", not ${found}.`,
  );
}
