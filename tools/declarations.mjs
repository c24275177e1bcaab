// Writes dist/types/, what the compiler of somebody else's project reads of ours. That takes seconds, so it belongs to
// packing and not to starting: in a checkout, programs are checked against the sources.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { entries, publicProgram, root } from "./public.mjs";

const out = join(root, "dist/types");
/** Imports, as sentences and within types. */
const imports = /(\bfrom |\bimport\()"(\.[^"]+)\.ts"/g;

/** Names that some projects do not know: those without a page's types, and those without `using`. Elsewhere they add nothing. */
const ambient = `/// <reference lib="esnext.disposable" />
declare namespace WebAssembly {
  interface Memory {}
  interface Module {}
}
`;

/** What the entries need, by file. @throws Error where something public has no type that can be written down. */
function declarations() {
  const all = new Map();
  const program = publicProgram({
    noEmit: false,
    declaration: true,
    emitDeclarationOnly: true,
    noCheck: true, // `npm test` does
    rootDir: join(root, "src"),
    outDir: out,
  });
  const { diagnostics } = program.emit(undefined, (file, text) => all.set(file, text));
  if (diagnostics.length > 0) throw new Error(ts.formatDiagnostics(diagnostics, ts.createCompilerHost({})));
  const needed = new Map();
  const take = (file) => {
    if (needed.has(file)) return;
    const text = all.get(file);
    needed.set(file, text.replace(imports, '$1"$2.js"'));
    for (const [, , path] of text.matchAll(imports)) take(join(dirname(file), `${path}.d.ts`));
  };
  for (const entry of Object.values(entries)) {
    const file = join(out, relative("src", entry).replace(/\.ts$/, ".d.ts"));
    take(file);
    const path = relative(dirname(file), join(out, "ambient.d.ts"));
    needed.set(file, `/// <reference path="${path}" />\n${needed.get(file)}`);
  }
  return needed.set(join(out, "ambient.d.ts"), ambient);
}

export function buildDeclarations() {
  const files = declarations();
  rmSync(out, { recursive: true, force: true });
  for (const [file, text] of files) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) buildDeclarations();
