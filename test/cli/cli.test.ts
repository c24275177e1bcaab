import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "worldsize-cli-"));
afterAll(() => rmSync(folder, { recursive: true }));

function worldsize(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["bin/worldsize.mjs", ...args], {
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1" },
  });
  return { status, stdout, stderr };
}

function write(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

describe("bad input: one message, exit code 2", () => {
  const cases: [string[], string][] = [
    [["rum"], 'There is no command "rum". Did you mean run?'],
    [["run", "hello-distribted"], 'There is no script "hello-distribted". Did you mean hello-distributed?'],
    [["run", "nowhere/my.ts"], "There is no file nowhere/my.ts."],
    [["run", "hello-distributed", "--transprt", "shm"], "unknown option '--transprt'. (Did you mean --transport?)"],
    [["run", "hello-distributed", "--transport", "smh"], 'There is no transport "smh". Did you mean shm?'],
    [["run", "hello-distributed", "-n", "0"], "A world has 1 to 128 ranks over shm, but -n asked for 0."],
    [["run", "hello-distributed", "-n", "two"], '"two" is not a whole number.'],
    [
      ["run", "hello-distributed", "--memory", "64GiB"],
      "64 GiB is more than the 4 GiB that ranks of one process can share.",
    ],
    [["run", "collective-cheatsheet", "--operation", "all_redce"], '"all_redce" is not one of all, broadcast,'],
    [["run", "send-recv-basic", "--elements", "0"], "0 is not at least 1."],
    [["run", "tp-mlp", "--hidden", "0"], "argument '0' is invalid. 0 is not between 1 and 16384."],
    [["run", "tp-attention", "--heads", "0"], "argument '0' is invalid. 0 is not between 1 and 256."],
    [["run", "tp-attention", "--keys", "0"], "argument '0' is invalid. 0 is not between 1 and 256."],
    [["bench", "gem"], 'There is no bench "gem". Did you mean gemm?'],
    [["bench", "gemm", "--against", "tfj"], 'There is no peer "tfj". Did you mean tfjs?'],
    [["run", "hello-distributed", "--helpers", "-1"], "A rank has 0 to 63 helpers."],
    [
      ["run", "hello-distributed", "--page", "/nowhere/at/all.html"],
      "The page could not be written to /nowhere/at/all.html",
    ],
  ];
  for (const [args, message] of cases) {
    it(args.join(" "), () => {
      const { status, stdout, stderr } = worldsize(...args);
      expect(stderr).toContain(message);
      expect(stderr.trim().split("\n")).toHaveLength(1);
      expect(stdout).toBe("");
      expect(status).toBe(2);
    });
  }

  it("a module that does not parse", () => {
    const { status, stderr } = worldsize("run", write("broken.ts", "const x = ;\n"));
    expect(stderr).toBe('worldsize: broken.ts:1:11: Unexpected ";"\n');
    expect(status).toBe(2);
  });

  it("a module that exports nothing", () => {
    const { status, stderr } = worldsize("run", write("empty.ts", "export const x = 1;\n"));
    expect(stderr).toContain("empty.ts exports no program. Write: import { defineScript }");
    expect(status).toBe(2);
  });

  it("an option of the program that has the name of a flag", () => {
    const program = `import { defineScript, number } from "worldsize";
export default defineScript({ about: "x", options: { trace: number(1, "no file") }, async main() {} });`;
    const { status, stderr } = worldsize("run", write("flag.ts", program));
    expect(stderr).toContain(
      "The program's option trace would be --trace, which worldsize run flag already has. Rename it.",
    );
    expect(status).toBe(2);
  });

  it("an option of the program whose name no flag of its own can have", () => {
    const cases: [string, string][] = [
      ["noCache", "would be --no-cache, which turns cache off. Rename it."],
      ["color", "would be --color, which switches the colours of the terminal. Rename it."],
      ["a-b", "has a name that no flag can have: use letters and digits. Rename it."],
      ["", "has a name that no flag can have: use letters and digits. Rename it."],
    ];
    for (const [name, message] of cases) {
      const program = `import { defineScript, number } from "worldsize";
export default defineScript({ about: "x", options: { ${JSON.stringify(name)}: number(1, "x") }, async main() {} });`;
      const { status, stderr } = worldsize("run", write("named.ts", program));
      expect(stderr).toBe(`worldsize: The program's option ${JSON.stringify(name)} ${message}\n`);
      expect(status).toBe(2);
    }
  });

  it("a trace that cannot be written", () => {
    const { status, stderr } = worldsize("run", "hello-distributed", "--trace", "/nowhere/at/all.json");
    expect(stderr).toContain("The trace could not be written to /nowhere/at/all.json");
    expect(status).toBe(2);
  });
});

it.each(["--version", "-V", "version"])("%s is the package's", (word) => {
  const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
  expect(worldsize(word)).toEqual({ status: 0, stdout: `${version}\n`, stderr: "" });
});

describe("run", () => {
  it("leaves a number without a preset undefined, unless it is given or the quick form says it", () => {
    const program = `import { defineScript, number } from "worldsize";
export default defineScript({ about: "x", ranks: 1, quick: { options: { most: 2 } },
  options: { most: number(undefined, "most (default: all)", { min: 1 }) },
  async main({ options, show }) { show.row({ most: options.most ?? "all" }); } });`;
    const file = write("left-out.ts", program);
    const most = (...args: string[]) => JSON.parse(worldsize("run", file, "--json", ...args).stdout).row.most;
    expect([most(), most("--most", "7"), most("--quick"), most("--quick", "--most", "7")]).toEqual(["all", 7, 2, 7]);
    expect(worldsize("run", file, "--most", "0").stderr).toContain("0 is not at least 1.");
    expect(worldsize("run", file, "--help").stdout).toMatch(/--most <value> +most \(default: all\)\n/);
  });

  it("reads yes and no as people write them, and options whatever their capitals", () => {
    const program = `import { boolean, defineScript, number } from "worldsize";
export default defineScript({ about: "x", ranks: 1,
  options: { fast: boolean(false, "f"), N: number(3, "n"), maxLen: number(1, "m") },
  async main({ options, show }) { show.row(options); } });`;
    const file = write("options.ts", program);
    const row = (...args: string[]) => JSON.parse(worldsize("run", file, "--json", ...args).stdout).row;
    expect(row("--fast", "--n", "5", "--max-len=7")).toEqual({ fast: true, N: 5, maxLen: 7 });
    for (const no of ["no", "0", "FALSE", "off"]) expect(row("--fast", no).fast).toBe(false);
    expect(row("--fast", "YES").fast).toBe(true);
    expect(worldsize("run", file, "--fast=maybe").stderr).toContain('"maybe" is neither yes nor no');
  });

  it("runs a program of the reader's, with its own module beside it and TypeScript throughout", () => {
    write("helper.ts", "export const twice = (x: number): number => 2 * x;\n");
    const file = write(
      "mine.ts",
      `
      import { defineScript, number } from "worldsize";
      import { twice } from "./helper.ts";
      enum Color { Red = 3 }
      export default defineScript({
        about: "mine", ranks: 2, options: { factor: number(1, "a factor") },
        async main({ world, device, options, show }) {
          using x = device.full([1], twice(options.factor) + Color.Red);
          await world.allReduce(x);
          show.row({ sum: await x.item() });
        },
      });`,
    );
    const { status, stdout } = worldsize("run", file, "--factor", "5", "--json");
    expect(status).toBe(0);
    const rows = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(rows.sort((a, b) => a.rank - b.rank)).toEqual([
      { rank: 0, kind: "row", row: { sum: 26 } },
      { rank: 1, kind: "row", row: { sum: 26 } },
    ]);
    writeFileSync(join(folder, "helper.ts"), "export const twice = (x: number): number => 4 * x;\n");
    expect(worldsize("run", file, "--factor", "5", "--json").stdout).toContain('"sum":46'); // edits are seen
  });

  it("takes small numbers with --quick, but what is asked for first", () => {
    const program = write(
      "quick.ts",
      `import { defineScript, number } from "worldsize";
      const options = { size: number(512, "rows"), maxRounds: number(9, "rounds"), batch: number(7, "rows at a time") };
      const quick = { options: { size: 64, maxRounds: 1 } };
      export default defineScript({ about: "", ranks: 1, options, quick, main({ options, show }) { show.row(options); } });`,
    );
    const row = (...args: string[]): unknown => {
      const lines = worldsize(...args)
        .stdout.trim()
        .split("\n");
      return JSON.parse(lines[0]).row;
    };
    expect(row("run", program, "--json")).toEqual({ size: 512, maxRounds: 9, batch: 7 });
    expect(row("run", program, "--json", "--quick")).toEqual({ size: 64, maxRounds: 1, batch: 7 });
    expect(row("run", program, "--json", "--quick", "--size", "512")).toEqual({ size: 512, maxRounds: 1, batch: 7 });
    expect(row("launch", "--quick", "--json", program, "--", "--max-rounds", "2")).toEqual({
      size: 64,
      maxRounds: 2,
      batch: 7,
    });
    expect(worldsize("run", program, "--help").stdout).toMatch(
      /--quick +small numbers for a first look: --size 64\s+--max-rounds 1/,
    );
  });

  it("shows help made from the script's options", () => {
    const { status, stdout } = worldsize("run", "send-recv-basic", "--help");
    expect(stdout.replace(/\s+/g, " ")).toContain("0: never (default: 30) --seed"); // each default once, in its own unit
    expect(status).toBe(0);
    expect(stdout).toContain("--elements <value>");
    expect(stdout).toContain("length of the tensor");
    expect(stdout).toContain("--transport <name>");
  });

  it("a crash: the stack once, with the TypeScript line, and exit code 1", () => {
    const file = write(
      "crash.ts",
      `
      import { defineScript } from "worldsize";
      interface Padding { a: number; b: string }
      export default defineScript({ about: "c", ranks: 3, async main({ world, device }) {
        if (world.rank === 1) throw new Error("boom");
        await world.allReduce(device.zeros([1]));
      } });`,
    );
    const { status, stderr } = worldsize("run", file);
    expect(status).toBe(1);
    expect(stderr.match(/boom/g)).toHaveLength(1);
    expect(stderr).toContain("rank 1 failed in crash.ts:");
    expect(stderr).toMatch(/crash\.ts:5:\d+\)/);
    const recorder = /The last operations of each rank: (.*)/.exec(stderr)?.[1] ?? "";
    const records = readFileSync(join(recorder, "rank-0.jsonl"), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(records.at(-1)).toMatchObject({ operation: "allReduce(sum, f32[1])", seq: 1 });
    rmSync(recorder, { recursive: true });
  });

  it("a crash ends ranks that never look up", () => {
    const file = write(
      "spin.ts",
      `
      import { defineScript } from "worldsize";
      export default defineScript({ about: "s", ranks: 2, main({ world }) {
        if (world.rank === 1) throw new Error("the other one spins");
        for (;;);
      } });`,
    );
    const { status, stderr } = worldsize("run", file);
    expect(status).toBe(1);
    expect(stderr).toContain("the other one spins");
  });

  it("Ctrl-C leaves nothing running", async () => {
    const file = write(
      "forever.ts",
      `
      import { defineScript } from "worldsize";
      export default defineScript({ about: "f", ranks: 2, main({ world, show }) {
        show.line("started");
        for (;;);
      } });`,
    );
    const child = spawn(process.execPath, ["bin/worldsize.mjs", "run", file], { stdio: ["ignore", "pipe", "pipe"] });
    await new Promise<void>((resolve) => child.stdout.once("data", () => resolve()));
    child.kill("SIGINT");
    const code = await new Promise((resolve) => child.once("exit", resolve));
    expect(code).toBe(130);
  });

  it("writes what was shown as a page, also when the program fails or the world is of processes", () => {
    const page = (args: string[], ...program: string[]) => {
      const file = join(folder, "page.html");
      const { status } = worldsize(...args, "--page", file, ...program);
      return { status, text: readFileSync(file, "utf8") };
    };
    const timeline = page(["run", "streams-by-hand", "--size", "32"]);
    expect(timeline.status).toBe(0);
    expect(timeline.text.match(/<svg class="broad"/g)).toHaveLength(6);
    expect(timeline.text.match(/<svg class="narrow"/g)).toHaveLength(6);
    const failing = write(
      "failing.ts",
      `import { defineScript } from "worldsize";
export default defineScript({ about: "Fails.", async main({ show }) { show.line("before"); throw new Error("no"); } });`,
    );
    for (const logs of [[], ["--log-dir", join(folder, "logs")]]) {
      const failed = page(["launch", "-n", "2", ...logs], failing);
      expect(failed.status).toBe(1);
      expect(failed.text).toContain("before");
    }
  });

  it("writes a trace that Perfetto reads", () => {
    const file = join(folder, "trace.json");
    const { status } = worldsize("run", "pipeline-simulation", "--trace", file, "--width", "32", "--batch", "16");
    expect(status).toBe(0);
    expect(existsSync(file)).toBe(true);
    const { traceEvents } = JSON.parse(readFileSync(file, "utf8"));
    const complete = traceEvents.filter((event: { ph: string }) => event.ph === "X");
    expect(new Set(complete.map((event: { pid: number }) => event.pid))).toEqual(new Set([0, 1, 2, 3]));
    expect(new Set(complete.map((event: { tid: number }) => event.tid))).toEqual(new Set([0, 1, 2]));
    for (const { ts, dur } of complete) expect(ts >= 0 && dur >= 0).toBe(true);
  });
});

it("list names every script with its sentence", () => {
  const rows = worldsize("list", "--json")
    .stdout.trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(rows.length).toBeGreaterThanOrEqual(8);
  const rooms = ["streams-by-hand", "train-language-model", "tell-a-story", "measure-model", "export-model"];
  for (const { name, about, chapter } of rows)
    expect([typeof name, about.length > 20, chapter > 0 === !rooms.includes(name)]).toEqual(["string", true, true]);
});

it("verify prints a line for everything it tried", () => {
  const { status, stdout } = worldsize("verify");
  expect(status).toBe(0);
  for (const what of [
    "Node",
    "cores",
    "memory",
    "shared memory",
    "SIMD kernels",
    "matrix product",
    "TCP on loopback",
    "MPI",
    "GPU",
    "browser",
  ]) {
    expect(stdout).toMatch(new RegExp(`(ok|slower|missing) +${what}`));
  }
});
