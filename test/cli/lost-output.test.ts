/** Output that cannot be written: a full disk, a pipe that nobody reads. One sentence at most, and the right exit code. */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, describe, it } from "vitest";
import { isLinux, isPosix } from "../helpers/systems.ts";

const home = mkdtempSync(join(tmpdir(), "worldsize-lost-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));
const command = `"${process.execPath}" "${resolve("bin/worldsize.mjs")}"`;

interface Ended {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs a line of bash, in which `$w` is the command. */
function shell(line: string, env: Record<string, string> = {}): Promise<Ended> {
  const child = spawn("bash", ["-c", line.replaceAll("$w", command)], {
    cwd: home,
    env: { ...process.env, NO_COLOR: "1", WORLDSIZE_TRANSPORT: undefined, ...env },
  });
  let [out, err] = ["", ""];
  child.stdout.on("data", (data) => void (out += data));
  child.stderr.on("data", (data) => void (err += data));
  return new Promise((done) => child.on("close", (status) => done({ status, out, err })));
}

function program(name: string, body: string): string {
  const file = join(home, name);
  const text = `import { defineScript } from "worldsize";
export default defineScript({ about: "t", ranks: 2, async main({ world, device, show }) { ${body} } });`;
  writeFileSync(file, text);
  return file;
}

const many = program(
  "many.ts",
  'for (let i = 0; i < 50_000; i++) { show.line("line " + i); if (i % 1000 === 0) await world.barrier(); }',
);
const fails = program("fails.ts", 'await world.barrier(); show.line("before"); throw new Error("the reason");');
const lost =
  "worldsize: The output could not be written, so nothing more was done: ENOSPC: no space left on device, write.\n";

describe.runIf(isLinux).concurrent("standard output on a full disk", () => {
  it.each([
    "run hello-distributed",
    `run ${many}`,
    `launch ${many}`,
    "list",
    "list --json",
    "--help",
    "bench --help",
    "run many.ts --help",
  ])("%s", async (line) => {
    const { status, err } = await shell(`$w ${line} > /dev/full`);
    if (status !== 1 || err !== lost) throw new Error(`${status}: ${err}`);
  });

  it("check", async ({ expect }) => {
    writeFileSync(join(home, "none.ts"), "export const x = 1;");
    for (const flag of ["", "--json"]) {
      expect(await shell(`$w check 3.1 --file none.ts ${flag} > /dev/full`)).toEqual({ status: 1, out: "", err: lost });
    }
  });

  it("a job's own failure is told first, and its exit code stays", async ({ expect }) => {
    const file = program("late.ts", 'process.exitCode = 7; throw new Error("the reason");');
    const { status, err } = await shell(`$w run ${file} -n 1 --timeline > /dev/full`);
    expect(err).toMatch(/^\nrank 0 failed in late\.ts:\nError: the reason\n/);
    expect(err.endsWith(lost)).toBe(true);
    expect(status).toBe(7);
  });

  it("standard error as well: the exit code remains", async ({ expect }) => {
    expect(await shell(`$w run ${fails} > /dev/full 2>&1`)).toEqual({ status: 1, out: "", err: "" });
    expect((await shell(`$w run ${fails} 2> /dev/full`)).status).toBe(1);
    expect((await shell("$w list --jsn 2> /dev/full")).status).toBe(2);
  });
});

describe.runIf(isPosix).concurrent("a pipe that nobody reads any more", () => {
  it.each([`run ${many}`, `launch ${many}`, "list", "list --json"])("%s: nothing is said", async (line) => {
    const { status, err } = await shell(`$w ${line} | head -1; exit \${PIPESTATUS[0]}`);
    if (status !== 0 || err !== "") throw new Error(`${status}: ${err}`);
  });

  it("check: the verdict is in the exit code", async ({ expect }) => {
    writeFileSync(join(home, "none2.ts"), "export const x = 1;");
    const ended = await shell(`$w check 3.1 --file none2.ts | true; exit \${PIPESTATUS[0]}`);
    expect(ended).toEqual({ status: 1, out: "", err: "" });
  });
});

// A limit of no bytes for a file is a full disk for whatever is written, but not for pipes.
describe.runIf(isLinux).concurrent("files on a full disk", () => {
  const full = "ulimit -f 0;";
  const oneSentence = ({ err }: Ended): string =>
    err.replace(/ENOSPC: no space left on device|EFBIG: file too large/, "FULL");

  it("the page and the trace: what was there stays, and no part of them", async ({ expect }) => {
    await shell(`$w run ${fails}`); // it is compiled
    const [page, trace] = [join(home, "page.html"), join(home, "trace.json")];
    writeFileSync(page, "an earlier page");
    const { status, err } = await shell(`${full} $w run ${fails} --page ${page} --trace ${trace}`);
    expect(status).toBe(1);
    const said = [
      "the reason",
      "The last operations of each rank could not be written: EFBIG",
      `The page could not be written to ${page}: EFBIG`,
      `The trace could not be written to ${trace}: EFBIG`,
    ];
    const places = said.map((text) => err.indexOf(text));
    expect(places.every((at, i) => at > (places[i - 1] ?? 0))).toBe(true);
    expect([readFileSync(page, "utf8"), existsSync(trace)]).toEqual(["an earlier page", false]);
    expect(readdirSync(home).filter((name) => name.includes(".part"))).toEqual([]);
  });

  it("the flight recorder: no folder with half of it is left", async ({ expect }) => {
    const tmp = mkdtempSync(join(home, "tmp-"));
    await shell(`$w run ${fails}`);
    const { err } = await shell(`${full} $w run ${fails}`, { TMPDIR: tmp });
    expect(err).toContain("The last operations of each rank could not be written: EFBIG");
    expect(readdirSync(tmp, { recursive: true }).filter((name) => String(name).includes("flight-"))).toEqual([]);
  });

  it("the compiled program", async ({ expect }) => {
    const ended = await shell(`${full} $w run ${program(`new-${process.pid}.ts`, "")}`);
    expect(ended.status).toBe(2);
    expect(oneSentence(ended)).toMatch(
      /^worldsize: The compiled program could not be written to \S+ \(FULL, write\), nor to .*\. Make room in one of them\.\n$/,
    );
  });

  it("the starter of an exercise", async ({ expect }) => {
    const cwd = mkdtempSync(join(home, "work-"));
    const ended = await shell(`cd ${cwd}; ${full} $w check 3.1`);
    expect(oneSentence(ended)).toBe(
      "worldsize: The starter could not be written to exercises/3.1-a-mean.ts: FULL, write. Make room there, or work in another folder.\n",
    );
    expect(ended.status).toBe(2);
    expect(readdirSync(join(cwd, "exercises"))).toEqual([]);
  });

  it("the drawing of a verdict: the verdict stays", async ({ expect }) => {
    writeFileSync(
      join(home, "none3.ts"),
      'import type { World, Tensor } from "worldsize";\nexport async function mean(world: World, x: Tensor) { return x; }',
    );
    await shell("$w check 3.1 --file none3.ts");
    const svg = join(home, "why.svg");
    const ended = await shell(`${full} $w check 3.1 --file none3.ts --svg ${svg}`);
    expect(ended.out).toContain("failed  3.1 a-mean");
    expect(ended.status).toBe(1);
    expect(oneSentence(ended)).toBe(`worldsize: The drawing could not be written to ${svg}: FULL, write.\n`);
    expect(existsSync(svg)).toBe(false);
  });
});

it("--json --timeline prints JSON alone", async ({ expect }) => {
  const { status, out } = await shell("$w run hello-distributed --json --timeline");
  const lines = out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(status).toBe(0);
  expect(lines.at(-1)).toMatchObject({ kind: "timeline", title: "All ranks", lanes: expect.any(Array) });
});
