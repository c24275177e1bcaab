/** A job that starts again: after every kind of death, on one machine and on several, and nothing of an earlier start is in the way. */
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { userFolder } from "../../src/platform/node/user-folder.ts";
import { useThreads } from "../helpers/threads.ts";

useThreads("once");

const folder = mkdtempSync(join(tmpdir(), "worldsize-restarts-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const env = { ...process.env, XDG_CONFIG_HOME: join(folder, "config"), NO_COLOR: "1" };

/** Runs `worldsize launch`. */
function launch(args: readonly string[], more: Record<string, string> = {}) {
  const child = spawn(process.execPath, ["bin/worldsize.mjs", "launch", "--json", ...args], {
    env: { ...env, ...more },
  });
  let out = "";
  let err = "";
  child.stdout.on("data", (data) => void (out += data));
  child.stderr.on("data", (data) => void (err += data));
  const ended = new Promise<{ status: number | null; rows: object[]; out: string; err: string }>((resolve) => {
    child.on("close", (status) => {
      const rows = out.split("\n").flatMap((line) => (line ? [JSON.parse(line).row ?? {}] : []));
      resolve({ status, rows, out, err });
    });
  });
  return { child, ended };
}

/** A program whose start number g ends as the g-th line of `deaths` says, until one goes well. */
function program(name: string, deaths: readonly string[]): string {
  const file = join(folder, name);
  const lines = deaths.map((death, g) => `if (g === ${g}) { ${death} }`);
  writeFileSync(
    file,
    `import { defineScript } from "worldsize";
     export default defineScript({ about: "t", async main({ world, show, env }) {
       const { rank } = world;
       const g = Number(env.WORLDSIZE_RESTART_COUNT);
       const kill = (signal: string) => {
         process.kill(process.pid, signal);
         for (;;); // the signal takes a moment, in which nothing more is said
       };
       await world.barrier();
       ${lines.join("\n       ")}
       await world.barrier();
       show.row({ g, rank });
     } });`,
  );
  return file;
}

/** Why each restart was, as the launcher told. */
function reasons(err: string): string[] {
  return [...err.matchAll(/^Restart \d+ of \d+, because (.*)$/gm)].map(([, reason]) => reason);
}

function expectNothingLeft(pid: number | undefined): void {
  expect(readdirSync(userFolder() ?? "").filter((name) => name.startsWith(`${pid}-`))).toEqual([]);
}

/** The port of a test, out of the way of other jobs. */
const rendezvous = `127.0.0.1:${20_000 + (process.pid % 900) * 10 + 9}`;

describe.concurrent("restarts", () => {
  it("after every kind of death, one after the other", async () => {
    const file = program("deaths.ts", [
      'if (rank === 1) kill("SIGKILL");',
      "if (rank === 1) process.exit(0);",
      "if (rank === 0) process.exit(5);",
      'if (rank === 1) throw new Error("again");',
      'if (rank === 0) kill("SIGABRT");',
      'kill("SIGKILL");',
    ]);
    const { child, ended } = launch(["-n", "2", "--max-restarts", "6", file]);
    const { status, rows, err } = await ended;
    const told = reasons(err);
    expect(told).toHaveLength(6);
    expect(told[0]).toMatch(/^rank 1 was killed by SIGKILL/);
    expect(told[1]).toMatch(/^rank 1 called process\.exit\(0\)/);
    expect(told[2]).toMatch(/^rank 0 called process\.exit\(5\)/);
    expect(told[3]).toMatch(/^rank 1 threw Error: again \(deaths\.ts:13\)/);
    expect(told[4]).toMatch(/^rank 0 was killed by SIGABRT/);
    expect(told[5]).toMatch(/^rank [01] was killed by SIGKILL/);
    expect(status).toBe(0);
    expect(rows).toHaveLength(2);
    for (const rank of [0, 1]) expect(rows).toContainEqual({ g: 6, rank });
    expectNothingLeft(child.pid);
  });

  it("after processes that stop, or die before they join, or while all start again", async () => {
    // What every process of a rank runs first: dies if it is told to, once.
    const early = join(folder, "early.cjs");
    writeFileSync(
      early,
      `if (process.env.RANK === "1") {
         try { require("fs").unlinkSync(process.env.DIE_ONCE); } catch { return; }
         process.kill(process.pid, "SIGKILL");
       }`,
    );
    const again = join(folder, "again");
    const stopped = program("stopped.ts", ['if (rank === 1) kill("SIGSTOP");']);
    const during = program("during.ts", [
      `if (rank === 1) { (await import("node:fs")).writeFileSync(${JSON.stringify(again)}, ""); kill("SIGKILL"); }`,
    ]);
    const jobs = [
      launch(["-n", "2", "--max-restarts", "1", "--timeout", "8", stopped]),
      launch(["-n", "2", "--max-restarts", "2", during], { NODE_OPTIONS: `--require ${early}`, DIE_ONCE: again }),
    ];
    const [stop, within] = await Promise.all(jobs.map(({ ended }) => ended));
    expect(reasons(stop.err)[0]).toMatch(/^rank 1 has been silent for 8 s/);
    expect(reasons(within.err)[0]).toMatch(/^rank 1 was killed by SIGKILL while rank 0 waits in/);
    expect(reasons(within.err)[1]).toBe("rank 1 was killed by SIGKILL.");
    expect([stop.status, within.status]).toEqual([0, 0]);
    for (const rank of [0, 1]) {
      expect(stop.rows).toContainEqual({ g: 1, rank });
      expect(within.rows).toContainEqual({ g: 2, rank });
    }
    for (const { child } of jobs) expectNothingLeft(child.pid);
  });

  it("not when somebody has removed the folder of its sockets", async () => {
    const file = program("swept.ts", [
      `const { readdirSync, rmSync } = await import("node:fs");
       for (const name of readdirSync(${JSON.stringify(userFolder())})) {
         if (name.startsWith(process.ppid + "-")) rmSync(${JSON.stringify(userFolder())} + "/" + name, { recursive: true });
       }
       kill("SIGKILL");`,
    ]);
    const { status, err } = await launch(["-n", "1", "--max-restarts", "1", file]).ended;
    expect(status).toBe(2);
    expect(err).toContain("/job.sock is gone: something has removed it.");
  });

  it("on all nodes, whichever of them a rank dies on; not when a whole node is gone", async () => {
    const nodes = (file: string, restarts: number) =>
      ["0", "1"].map((node) =>
        launch([
          ...["-n", "1", "--nnodes", "2", "--node-rank", node, "--rendezvous", rendezvous],
          ...["--max-restarts", String(restarts), "--timeout", "40", file],
        ]),
      );
    const file = program("nodes.ts", [
      // One node's rank ends at once, the other's only when it is ended: by then all have started again.
      'if (rank === 1) kill("SIGSTOP"); else { await new Promise((go) => setTimeout(go, 300)); throw new Error("first"); }',
      'kill("SIGKILL");',
    ]);
    const [first, second] = await Promise.all(nodes(file, 2).map(({ ended }) => ended));
    expect(reasons(first.err), first.err + second.err).toHaveLength(2);
    expect([first.status, second.status]).toEqual([0, 0]);
    expect([first.rows, second.rows]).toEqual([[{ g: 2, rank: 0 }], [{ g: 2, rank: 1 }]]);

    const lasting = nodes(program("lasting.ts", ["show.row({ up: true }); for (;;) await world.barrier();"]), 3);
    let printed = false;
    lasting[1].child.stdout.on("data", () => {
      if (!printed) lasting[1].child.kill("SIGKILL");
      printed = true;
    });
    const { status, out, err } = await lasting[0].ended;
    expect(status).toBe(1);
    expect(err).not.toContain("Restart");
    expect(out).toContain("The launcher of node 1 is gone");
  });
});
