// What the package exports, as the compiler sees it: for the reference and for the declarations.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

export const root = fileURLToPath(new URL("../", import.meta.url));
/** Names that programs import from, and the file behind each. */
export const entries = {
  worldsize: "src/index.ts",
  "worldsize/sim": "src/sim/index.ts",
  "worldsize/draw": "src/draw/index.ts",
  "worldsize/models": "src/models/index.ts",
  "worldsize/serve": "src/serve/index.ts",
  "worldsize/load": "src/load/index.ts",
  "worldsize/files": "src/files.ts",
  "worldsize/parallel": "src/parallel/index.ts",
  "worldsize/data": "src/data/index.ts",
  "worldsize/exercise": "src/exercise/index.ts",
};

/** A program of the entries and all they import. @param {import("typescript").CompilerOptions} more besides the project's options. */
export function publicProgram(more = {}) {
  const { config } = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  return ts.createProgram(
    Object.values(entries).map((file) => join(root, file)),
    { ...options, ...more },
  );
}
