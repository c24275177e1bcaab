/**
 * The solutions in PyTorch, beside ours: each exercise has one, it is Python, and where torch can be imported it runs
 * and finds its own result right. WORLDSIZE_PYTHON names another python3, such as that of a virtual environment.
 */
import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { courseExercises, twinLines } from "../../src/exercise/node/catalog.ts";
import { isLong } from "../helpers/long.ts";

const python = process.env.WORLDSIZE_PYTHON ?? "python3";
// One thread per rank, and no __pycache__ beside the twins.
const env = { ...process.env, OMP_NUM_THREADS: "1", PYTHONDONTWRITEBYTECODE: "1" };

function run(...args: string[]): Promise<{ status: number; said: string }> {
  return new Promise((resolve) => {
    execFile(python, args, { env, timeout: 120_000, killSignal: "SIGTERM" }, (error, out, errors) =>
      resolve({ status: error ? Number(error.code) || 1 : 0, said: `${out}${errors}` }),
    );
  });
}

const hasPython = (await run("-c", "import ast")).status === 0;
const hasTorch = hasPython && (await run("-c", "import torch.distributed.run")).status === 0;
const noPython = `${python} does not run here`;
const noTorch = hasPython ? `${python} cannot import torch here: no twin was run` : noPython;

describe.each(courseExercises())("the twin of exercise $number", (exercise) => {
  const { number, folder } = exercise;
  const twin = join(folder, "twin.py");
  const text = existsSync(twin) ? readFileSync(twin, "utf8") : "";
  const needsTorch = /^(import|from) torch/m.test(text);
  const isDistributed = /^import torch\.distributed as dist$/m.test(text);

  it("is there, names its exercise and how to run it, and asserts its result", () => {
    expect(text, `${twin} is missing`).not.toBe("");
    const [first] = text.split("\n");
    // With underscores, which torchrun of every version takes: dashes are new in torch 2.
    const command = isDistributed ? /torchrun --standalone --nproc_per_node \d twin\.py/ : /python3 twin\.py/;
    expect(first).toMatch(new RegExp(`^"""${number.replace(".", "\\.")} .*: ${command.source}("""|$)`));
    expect(text).toMatch(/^ *assert /m);
    expect(twinLines(exercise)[0]).toMatch(/^the same in PyTorch: course.*twin\.py$/);
    for (const line of text.split("\n")) expect(line.length, line).toBeLessThanOrEqual(120);
  });

  it("is Python", async ({ skip }) => {
    if (!hasPython) skip(noPython);
    const { status, said } = await run(
      "-c",
      "import ast, sys; ast.parse(open(sys.argv[1], encoding='utf8').read())",
      twin,
    );
    expect(said).toBe("");
    expect(status).toBe(0);
  });

  it("runs, and finds its result right", async ({ skip }) => {
    if (needsTorch && !hasTorch) skip(noTorch);
    if (!hasPython) skip(noPython);
    // On two ranks both neighbours are one; on four there are ranks that are neither.
    const worlds = !isDistributed ? [1] : isLong ? [2, 3, 4] : [Number(number.replace(/\D/g, "")) % 2 === 1 ? 4 : 2];
    for (const world of worlds) {
      const launch = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", String(world)];
      const { status, said } = await run(...(isDistributed ? launch : []), twin);
      expect(status, `on ${world} ranks: ${said.slice(-4000)}`).toBe(0);
    }
  }, 500_000);
});
