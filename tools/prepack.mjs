// What `npm pack` and `npm publish` do first, and npm where it installs from a repository: dist/ from nothing, with declarations.
import { rmSync } from "node:fs";
import { prepare } from "./setup.mjs";

rmSync(new URL("../dist", import.meta.url), { recursive: true, force: true });
await prepare({ development: true });
const { buildDeclarations } = await import("./declarations.mjs"); // by a package that may just have been installed
buildDeclarations();
