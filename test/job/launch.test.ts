import { execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { userFolder } from "../../src/platform/node/user-folder.ts";
import { useThreads } from "../helpers/threads.ts";

useThreads("once");

const folder = mkdtempSync(join(tmpdir(), "worldsize-launch-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const bin = "bin/worldsize.mjs";
/** A home of its own, so that the tests do not touch the user's secret. */
const env = { ...process.env, XDG_CONFIG_HOME: join(folder, "config"), NO_COLOR: "1" };

function worldsize(...args: string[]) {
  return spawnSync(process.execPath, [bin, ...args], { encoding: "utf8", env });
}

function program(name: string, body: string): string {
  const file = join(folder, name);
  writeFileSync(
    file,
    `import { defineScript, number } from "worldsize";
     export default defineScript({ about: "t", ranks: 2, options: { flag: number(1, "a flag") },
       async main({ world, device, options, show, env, store, place }) { ${body} } });`,
  );
  return file;
}

function start(args: readonly string[], more: Record<string, string> = {}) {
  const child = spawn(process.execPath, [bin, ...args], { env: { ...env, ...more } });
  const texts = { out: "", err: "" };
  child.stdout.on("data", (data) => void (texts.out += data));
  child.stderr.on("data", (data) => void (texts.err += data));
  const code = new Promise<number | null>((resolve) => child.on("exit", resolve));
  return { child, texts, code };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** The port of a test, out of the way of other jobs. */
const port = (number: number): string => String(20_000 + (process.pid % 900) * 10 + number);

describe("launch", () => {
  it("hands the program its flags and its ranks their variables", () => {
    const file = program(
      "flags.ts",
      "show.row({ flag: options.flag, env: [env.RANK, env.LOCAL_RANK, env.WORLD_SIZE].join() });",
    );
    const { stdout, status } = worldsize("launch", "-n", "2", "--json", file, "--", "--flag", "3");
    expect(status).toBe(0);
    const rows = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).row);
    expect(rows.sort((x, y) => x.env.localeCompare(y.env))).toEqual([
      { flag: 3, env: "0,0,2" },
      { flag: 3, env: "1,1,2" },
    ]);
  });

  it("writes a file a rank", () => {
    const logs = join(folder, "logs");
    const file = program("log.ts", 'console.log("printed by " + world.rank); show.line("shown by " + world.rank);');
    const { stdout, status } = worldsize("launch", "-n", "2", "--log-dir", logs, file);
    expect([status, stdout]).toEqual([0, ""]);
    for (const rank of [0, 1]) {
      const text = readFileSync(join(logs, `rank-${rank}.log`), "utf8");
      expect(text).toContain(`printed by ${rank}`);
      expect(text).toContain(`shown by ${rank}`);
    }
  });

  it("starts all ranks again after a failure", () => {
    const body =
      'const g = Number(env.WORLDSIZE_RESTART_COUNT); await world.barrier(); if (g < 2 && world.rank === 1) throw new Error("again"); await world.barrier(); show.row({ g });';
    const file = program("restart.ts", body);
    const good = worldsize("launch", "-n", "2", "--json", "--max-restarts", "2", file);
    expect(
      good.stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line).row),
    ).toEqual([{ g: 2 }, { g: 2 }]);
    expect(good.stderr).toContain("Restart 1 of 2, because rank 1 threw Error: again (restart.ts:3)");
    expect(good.status).toBe(0);
    const bad = worldsize("launch", "-n", "2", "--max-restarts", "1", file);
    expect(bad.stderr).toContain("rank 1 failed in restart.ts:");
    expect(bad.status).toBe(1);
  });

  it.each(["SIGINT", "SIGKILL"] as const)("%s to the launcher leaves no rank and no file", async (signal) => {
    const file = program("forever.ts", "show.row({ pid: place.process }); for (;;) await world.barrier();");
    const { child, texts, code } = start(["launch", "-n", "2", "--json", file]);
    await until(() => texts.out.trim().split("\n").length === 2);
    const pids = texts.out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).row.pid);
    child.kill(signal);
    expect(await code).toBe(signal === "SIGINT" ? 130 : null);
    await until(() => !pids.some(isAlive));
    const left = () => readdirSync(userFolder() ?? "").filter((name) => name.startsWith(`${child.pid}-`));
    if (signal === "SIGKILL") worldsize("launch", "-n", "1", "hello-distributed"); // sweeps up
    expect(left()).toEqual([]);
  });

  it("starts the ranks of all nodes again, and ends them all when one launcher stops", async () => {
    const nodes = (...args: string[]) =>
      ["0", "1"].map((node) => {
        const flags = ["--nnodes", "2", "--node-rank", node, "--rendezvous", `127.0.0.1:${port(7)}`, "--timeout", "5"];
        return start(["launch", "-n", "1", "--json", ...flags, ...args]);
      });
    const body =
      'const g = Number(env.WORLDSIZE_RESTART_COUNT); await world.barrier(); if (g < 1 && world.rank === 1) throw new Error("again"); await world.barrier(); show.row({ g });';
    const again = nodes("--max-restarts", "1", program("nodes.ts", body));
    expect(await Promise.all(again.map(({ code }) => code))).toEqual([0, 0]);
    for (const { texts } of again) expect(texts.out.match(/"g":1/g)).toHaveLength(1);
    expect(again[0].texts.err).toContain("Restart 1 of 1, because rank 1 threw Error: again");
    const forever = program("nodes-forever.ts", 'show.line("up"); for (;;) await world.barrier();');
    const [first, second] = nodes(forever);
    await until(() => first.texts.out.includes("up") && second.texts.out.includes("up"));
    second.child.kill("SIGINT");
    expect([await first.code, await second.code]).toEqual([1, 130]);
    expect(first.texts.out).toContain("The launcher of node 1 is gone");
  });

  it("counts nodes, and says who did not come", () => {
    const flags = ["--nnodes", "3", "--rendezvous", `127.0.0.1:${port(0)}`, "--timeout", "0.5"];
    const { stderr, status } = worldsize("launch", "-n", "1", ...flags, "hello-distributed");
    expect(stderr).toContain("nodes 1, 2 of 3 did not join within 0.5 s.");
    expect(status).toBe(2);
  });

  it("turns a second node of the same number away", async () => {
    const flags = ["launch", "-n", "1", "--nnodes", "3", "--rendezvous", `127.0.0.1:${port(1)}`, "--timeout", "5"];
    const first = start([...flags, "--node-rank", "0", "hello-distributed"]);
    const second = start([...flags, "--node-rank", "1", "hello-distributed"]);
    const third = start([...flags, "--node-rank", "1", "hello-distributed"]);
    const refused = await Promise.race([second.code.then(() => second), third.code.then(() => third)]);
    expect(refused.texts.err).toMatch(/node 1 was turned away: node 1 is already here/);
    const last = start([...flags, "--node-rank", "2", "hello-distributed"]);
    expect([await first.code, await last.code]).toEqual([0, 0]);
  });
});

describe("join", () => {
  const ranks = (size: number, master: string, ...args: string[]) =>
    Array.from({ length: size }, (_, rank) =>
      start(["join", "--timeout", "20", ...args], { RANK: `${rank}`, WORLD_SIZE: `${size}`, MASTER_PORT: master }),
    );

  it("makes one world of ranks started by hand", async () => {
    const all = ranks(3, port(2), "hello-distributed");
    expect(await Promise.all(all.map(({ code }) => code))).toEqual([0, 0, 0]);
    for (const { texts } of all) expect(texts.out).toContain("1 + … + 3 = 6, and all ranks agree");
    const { mode } = statSync(join(folder, "config/worldsize/secret"));
    expect(mode & 0o777).toBe(0o600);
  });

  const mpirun = spawnSync("mpirun", ["--version"]).status === 0;
  it.skipIf(!mpirun)(`makes one world of ranks started by mpirun${mpirun ? "" : " (skipped: no mpirun here)"}`, () => {
    const args = [
      "--allow-run-as-root",
      "--oversubscribe",
      "-n",
      "4",
      process.execPath,
      bin,
      "join",
      "hello-distributed",
    ];
    const out = execFileSync("mpirun", args, { encoding: "utf8", env, stdio: "pipe" });
    expect(out.match(/1 \+ … \+ 4 = 10, and all ranks agree/g)).toHaveLength(4);
  });

  it("turns a second rank of the same number away, and the job goes on", async () => {
    const file = program(
      "wait.ts",
      // The timer might help: without it, two ranks that wait for what nobody sets are found to be stuck.
      'setInterval(() => {}, 1e6); show.line("here"); await store.wait(["go"]); show.row({ sum: await world.allGatherObject(world.rank).then((all) => all.length) });',
    );
    const all = ranks(2, port(3), file);
    await until(() => all.every(({ texts }) => texts.out.includes("here")));
    const intruder = start(["join", file], { RANK: "1", WORLD_SIZE: "2", MASTER_PORT: port(3) });
    expect(await intruder.code).toBe(2);
    expect(intruder.texts.err).toMatch(/rank 1 was turned away: rank 1 is already here, as process \d+ of /);
    const other = start(["join", file], { RANK: "1", WORLD_SIZE: "3", MASTER_PORT: port(3) });
    expect(await other.code).toBe(2);
    expect(other.texts.err).toContain("it belongs to a world of 3 ranks, but this one has 2");
    // One is interrupted, and ends as that; the other fails with the job, and says why.
    const [first, second] = all;
    second.child.kill("SIGINT");
    expect([await first.code, await second.code]).toEqual([1, 130]);
    expect(first.texts.err + first.texts.out).toContain("rank 1 was interrupted");
  });

  it("says who did not come", async () => {
    const alone = { RANK: "0", WORLD_SIZE: "3", MASTER_PORT: port(4) };
    const { code, texts } = start(["join", "--timeout", "1", "hello-distributed"], alone);
    expect(await code).toBe(2);
    expect(texts.err).toContain("ranks 1 and 2 of 3 did not join within 1 s.");
  });

  it("ends everybody when rank 0, who keeps the coordinator, is killed", async () => {
    const file = program("busy.ts", "show.row({ pid: place.process }); for (;;) await world.barrier();");
    const all = ranks(3, port(5), "--json", file);
    await until(() => all.every(({ texts }) => texts.out.includes("pid")));
    const began = performance.now();
    all[0].child.kill("SIGKILL");
    expect(await Promise.all(all.map(({ code }) => code))).toEqual([null, 1, 1]);
    expect(performance.now() - began).toBeLessThan(3000);
    for (const { texts } of all.slice(1))
      expect(texts.out).toMatch(/The coordinator of the job at 127.0.0.1:\d+ is gone/);
  });

  it("keeps strangers out: another secret, a readable file, a short one", async () => {
    const readable = join(folder, "readable");
    writeFileSync(readable, "0123456789abcdef0123\n", { mode: 0o644 });
    const variables = { RANK: "0", WORLD_SIZE: "2", MASTER_PORT: port(6) };
    const open = start(["join", "--secret-file", readable, "hello-distributed"], variables);
    expect([await open.code, open.texts.err]).toEqual([2, expect.stringContaining("Run: chmod 600")]);
    const short = start(["join", "hello-distributed"], { ...variables, WORLDSIZE_SECRET: "short" });
    expect([await short.code, short.texts.err]).toEqual([2, expect.stringContaining("at least 16")]);
    const host = start(["join", "--timeout", "3", "hello-distributed"], {
      ...variables,
      WORLDSIZE_SECRET: "the secret of the job",
    });
    const guest = start(["join", "--timeout", "1", "hello-distributed"], {
      ...variables,
      RANK: "1",
      WORLDSIZE_SECRET: "not the secret of it",
    });
    expect(await guest.code).toBe(2);
    expect(guest.texts.err).toMatch(/rank 1 could not join the job at .*: it has another secret, or is another job/);
    await host.code;
    expect(host.texts.err).toContain("Callers turned away so far: 1 did not know the secret.");
    expect(host.texts.err).toContain("rank 1 of 2 did not join");
  });
});

it("the secret appears in no process's arguments or environment", async () => {
  const file = program(
    "peek.ts",
    "show.row({ pid: place.process, secret: env.WORLDSIZE_SECRET }); for (;;) await world.barrier();",
  );
  const { child, texts, code } = start(["launch", "-n", "1", "--json", file], {
    WORLDSIZE_SECRET: "do not tell this to anybody",
  });
  await until(() => texts.out.includes("pid"));
  const { pid, secret } = JSON.parse(texts.out.split("\n")[0]).row;
  expect(secret).toBe("");
  if (existsSync(`/proc/${pid}/environ`)) {
    expect(readFileSync(`/proc/${pid}/environ`, "utf8")).not.toContain("do not tell");
    expect(readFileSync(`/proc/${pid}/cmdline`, "utf8")).not.toContain("do not tell");
  }
  child.kill("SIGINT");
  expect(await code).toBe(130);
});
