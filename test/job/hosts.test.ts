// Two machines, as two network namespaces joined by a cable that can be pulled.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { useThreads } from "../helpers/threads.ts";

useThreads("once");

const a = `wsz-a-${process.pid}`;
const b = `wsz-b-${process.pid}`;

function ip(...args: string[]): void {
  execFileSync("ip", args, { stdio: "pipe" });
}

/** Why this system cannot have two hosts, or undefined. */
function impossible(): string | undefined {
  try {
    ip("netns", "add", a);
    ip("netns", "add", b);
    ip("link", "add", "v0", "netns", a, "type", "veth", "peer", "name", "v0", "netns", b);
    return undefined;
  } catch (error) {
    remove();
    const { message } = error as Error;
    return message.trim().split("\n").at(-1) || "ip netns is not to be had";
  }
}

function remove(): void {
  for (const host of [a, b]) {
    try {
      ip("netns", "del", host);
    } catch {
      // it was never made
    }
  }
}

const reason = impossible();
if (reason) console.warn(`SKIPPED two hosts as network namespaces: ${reason}`);

describe.skipIf(reason)(`two hosts${reason ? ` (skipped: ${reason})` : ""}`, () => {
  const folder = mkdtempSync(join(tmpdir(), "worldsize-hosts-"));
  const secret = join(folder, "secret");

  beforeAll(() => {
    for (const [host, address] of [
      [a, "192.0.2.1/24"],
      [b, "192.0.2.2/24"],
    ]) {
      ip("-n", host, "addr", "add", address, "dev", "v0");
      ip("-n", host, "link", "set", "lo", "up");
      ip("-n", host, "link", "set", "v0", "up");
    }
    writeFileSync(secret, "a secret that both hosts know\n", { mode: 0o600 });
  });

  afterAll(() => {
    remove();
    rmSync(folder, { recursive: true, force: true });
  });

  function start(host: string, node: number, ...args: string[]) {
    const flags = ["--nnodes", "2", "--node-rank", String(node), "--rendezvous", "192.0.2.1:29500", "-n", "2"];
    const command = ["netns", "exec", host, process.execPath, "bin/worldsize.mjs", "launch", ...flags];
    const child = spawn("ip", [...command, "--secret-file", secret, "--timeout", "3", "--json", ...args]);
    return { child, ...gather(child) };
  }

  function gather(child: ChildProcess) {
    const texts = { out: "", err: "" };
    child.stdout?.on("data", (data) => void (texts.out += data));
    child.stderr?.on("data", (data) => void (texts.err += data));
    const code = new Promise<number | null>((resolve) => child.on("exit", resolve));
    return { texts, code };
  }

  it("hold one job, whose ranks talk over TCP between them", async () => {
    const [first, second] = [start(a, 0, "where-am-i"), start(b, 1, "where-am-i")];
    expect([await first.code, await second.code, first.texts.err, second.texts.err]).toEqual([0, 0, "", ""]);
    const shown = first.texts.out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const links = shown.find((line) => line.kind === "table" && /reach/.test(line.title));
    expect(links.rows[0]).toMatchObject({ from: "rank 0", "rank 1": "unix", "rank 2": "tcp", "rank 3": "tcp" });
  });

  it("notice a pulled cable on both sides", async () => {
    const program = join(folder, "forever.ts");
    writeFileSync(
      program,
      `import { defineScript } from "worldsize";
       export default defineScript({ about: "f", ranks: 2, async main({ world, device, show }) {
         const x = device.ones([1000]);
         for (let i = 0; ; i++) { await world.allReduce(x, "mean"); if (i === 50) show.line("going"); }
       } });`,
    );
    const [first, second] = [start(a, 0, program), start(b, 1, program)];
    while (!first.texts.out.includes("going") || !second.texts.out.includes("going")) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      if (first.child.exitCode !== null) throw new Error(first.texts.err);
    }
    ip("-n", a, "link", "set", "v0", "down");
    expect([await first.code, await second.code]).toEqual([1, 1]);
    ip("-n", a, "link", "set", "v0", "up");
    expect(first.texts.out).toMatch(
      /rank [23] has been silent for 3 s: it is stopped, or its network is cut while rank \d waits in allReduce\(mean, f32\[1000\]\) \(forever.ts:4\)/,
    );
    expect(second.texts.out).toMatch(/The coordinator of the job at 192.0.2.1:29500 has been silent for 3 s/);
  });
});
