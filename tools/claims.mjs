// `npm run claims`: every number that the course states, and what it rests on. test/whole/claims.test.ts holds the list true.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { prepare } from "./setup.mjs";

const root = fileURLToPath(new URL("../", import.meta.url));
await prepare({ development: true });
const { build } = await import("esbuild");
const folder = join(root, "node_modules/.cache");
mkdirSync(folder, { recursive: true });
const outfile = join(folder, "claims.mjs");
await build({
  entryPoints: [join(root, "test/whole/claims/list.ts")],
  bundle: true,
  format: "esm",
  platform: "node",
  packages: "external",
  outfile,
});
const { list } = await import(pathToFileURL(outfile).href);
console.log(list().join("\n"));
