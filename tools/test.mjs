// `npm test`: types, style, and every test; sets up what it needs. Arguments go to the test runner.
// `npm run test:long`: the same, at all sizes where the short form takes some.
// `npm run test:quick`: types, and a part of the tests that covers every layer, in less than a minute.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { prepare } from "./setup.mjs";

const root = fileURLToPath(new URL("../", import.meta.url));

function step(name, file, ...args) {
  const start = Date.now();
  const { status } = spawnSync(process.execPath, [join(root, "node_modules", file), ...args], {
    cwd: root,
    stdio: "inherit",
  });
  console.log(`${status === 0 ? "ok" : "FAILED"}  ${name} (${((Date.now() - start) / 1000).toFixed(1)} s)`);
  return status === 0;
}

await prepare({ development: true });
const folder = mkdtempSync(join(tmpdir(), "worldsize-test-"));
const results = join(folder, "results.json");
/** The quick form: whole files, and of the long ones the tests whose names are given. */
const quick = {
  files: [
    "layers",
    "device.test",
    "tensor.test",
    "store",
    "world/judge",
    "environment",
    "render",
    "office",
    "handshake",
    "platforms",
    "relay",
    "autograd/tape",
    "nn/training",
    "models/shapes",
    "data/packing",
    "parallel/mesh",
  ],
  more: ["folders", "verify", "world/faults.test", "conformance/"],
  names: [
    "^(?!process groups|a local world|the same seed|faults)",
    "over (shm|local|tcp) agree with the plain reference on 3 ranks",
    "over (shm|tcp) with streams in threads of their own agree with the plain reference on 2",
    "^faults over (shm|local|tcp) (threw|otherCollective) on 2",
  ],
};
const asked = process.argv.slice(2).filter((argument) => argument !== "--long");
if (process.argv.includes("--long")) process.env.WORLDSIZE_TEST_LONG = "1";
const isQuick = asked.includes("--quick");
const only = isQuick ? [...quick.files, ...quick.more, "-t", quick.names.join("|")] : asked;
const types = isQuick ? !asked.includes("--no-types") : only.length === 0;
const good = [
  !types || step("types", "typescript/bin/tsc", "--noEmit"),
  only.length > 0 || step("style", "@biomejs/biome/bin/biome", "check", "."),
  step(
    "tests",
    "vitest/vitest.mjs",
    "run",
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${results}`,
    ...only,
  ),
];
try {
  const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(results, "utf8"));
  console.log(`${numPassedTests} passed, ${numFailedTests} failed`);
} catch {
  good.push(false); // no results: the runner itself failed
}
rmSync(folder, { recursive: true, force: true });
process.exitCode = good.every(Boolean) ? 0 : 1;
