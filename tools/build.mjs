// Builds dist/: the library, the command and the worker, as plain JavaScript for Node.
import { copyFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("../", import.meta.url));

export async function buildLibrary() {
  rmSync(new URL("../dist", import.meta.url), { recursive: true, force: true });
  const settings = {
    absWorkingDir: root,
    outdir: "dist",
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    packages: "external",
    logLevel: "warning",
  };
  await build({
    ...settings,
    splitting: true,
    entryPoints: {
      index: "src/index.ts",
      cli: "src/cli/main.ts",
      thread: "src/job/node/thread.ts",
      "blas-probe": "src/job/node/blas/probe.ts",
      "type-check": "src/exercise/node/types/process.ts",
      exercise: "src/exercise/index.ts",
      sim: "src/sim/index.ts",
      draw: "src/draw/index.ts",
      models: "src/models/index.ts",
      parallel: "src/parallel/index.ts",
      serve: "src/serve/index.ts",
      load: "src/load/index.ts",
      files: "src/files.ts",
      data: "src/data/index.ts",
      testing: "src/testing.ts",
    },
  });
  // No program runs in this one, so it need not share the library with any: as one file it starts in half the time.
  await build({ ...settings, entryPoints: { "rank-process": "src/job/node/rank-process.ts" } });
  await buildPage(join(root, "dist/page"));
}

/** The page that `worldsize serve` has at its root. */
export async function buildPage(folder) {
  await build({
    absWorkingDir: root,
    entryPoints: { page: "src/api/page/main.ts" },
    outdir: folder,
    bundle: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    logLevel: "warning",
  });
  for (const name of ["index.html", "page.css"]) copyFileSync(join(root, "src/api/page", name), join(folder, name));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildLibrary();
