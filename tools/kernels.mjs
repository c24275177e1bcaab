// Compiles kernels/assembly to kernels/base.wasm and kernels/relaxed.wasm (or to another folder).
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));
const out = process.argv[2] ?? join(root, "kernels");

for (const target of ["base", "relaxed"]) {
  const compiler = join(root, "node_modules/assemblyscript/bin/asc.js");
  const args = [
    compiler,
    "--config",
    "kernels/asconfig.json",
    "--target",
    target,
    "--outFile",
    join(out, `${target}.wasm`),
  ];
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}
