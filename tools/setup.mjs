// Sees to it that packages are installed and dist/ is built, and does nothing where they are.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

function checkNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  console.error(`worldsize needs Node 20.19 or newer, but this is ${process.version}. Install one from nodejs.org.`);
  process.exit(2);
}

function isInstalled([name, version]) {
  try {
    return JSON.parse(readFileSync(join(root, "node_modules", name, "package.json"), "utf8")).version === version;
  } catch {
    return false;
  }
}

function install(development) {
  const wanted = { ...manifest.dependencies, ...(development ? manifest.devDependencies : {}) };
  if (Object.entries(wanted).every(isInstalled)) return;
  console.log(
    development
      ? "Installing what developing needs (once, about 440 MB) …"
      : "Installing what running needs (once, about 40 MB) …",
  );
  const args = ["ci", "--no-audit", "--no-fund", "--loglevel=error", ...(development ? [] : ["--omit=dev"])];
  const { status } = spawnSync("npm", args, {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"],
    shell: process.platform === "win32",
  });
  if (status === 0) return;
  console.error("npm could not install the packages; its message is above. Check the network and try again.");
  process.exit(1);
}

function newest(folder) {
  const times = readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map(
    (file) => statSync(join(root, folder, file)).mtimeMs,
  );
  return Math.max(...times);
}

async function build() {
  const built = join(root, "dist/cli.js");
  if (
    existsSync(built) &&
    statSync(built).mtimeMs >= Math.max(newest("src"), statSync(join(root, "tools/build.mjs")).mtimeMs)
  )
    return;
  const { buildLibrary } = await import("./build.mjs");
  await buildLibrary();
}

/** @param {{development: boolean}} options development also installs compilers, linters and test tools. */
export async function prepare({ development }) {
  checkNode();
  install(development);
  await build();
}
