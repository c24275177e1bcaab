/** Files and folders: what is not ours stays, what is written is whole, and what cannot be written is said before the start. */
import { execFileSync, spawn } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { dumpFlight } from "../../src/cli/flight.ts";
import { courseExercises } from "../../src/exercise/node/catalog.ts";
import { Copies } from "../../src/exercise/node/copies.ts";
import { privateFolder, rankSocket, removeFolder } from "../../src/job/node/processes/folder.ts";
import { checkWritable, makeFolder, writeWhole } from "../../src/platform/node/files.ts";
import { Listener } from "../../src/platform/node/listener.ts";
import { longestSocketPath } from "../../src/platform/node/sockets.ts";
import { userFolder } from "../../src/platform/node/user-folder.ts";
import type { FlightRecord } from "../../src/world/core/recorder.ts";
import { isLinux, isPosix } from "../helpers/systems.ts";
import { useThreads } from "../helpers/threads.ts";

useThreads("once");

const folder = mkdtempSync(join(tmpdir(), "worldsize-folders-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const uid = process.geteuid?.() ?? 0;
const NOBODY = 65_534;
/** A number that no process has. */
const DEAD = 2 ** 22 + 1;

let made = 0;
/** A temporary folder that everybody may write in, as /tmp. */
function sharedFolder(): string {
  const path = join(folder, `tmp-${made++}`);
  mkdirSync(path);
  chmodSync(path, 0o1777);
  return path;
}

/** Leaves a socket behind, as a process does that is killed. */
async function leaveSocket(path: string): Promise<void> {
  const program = `require("net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`;
  const child = spawn(process.execPath, ["-e", program]);
  await new Promise((resolve) => child.on("exit", resolve));
  expect(lstatSync(path).isSocket()).toBe(true);
}

describe.runIf(isPosix)("folders for sockets", () => {
  it("count bytes, not characters: a long one is made elsewhere, and no socket's path is cut", async () => {
    for (const [name, elsewhere] of [
      ["short", false],
      ["漢".repeat(50), true],
      ["x".repeat(90), true],
    ] as const) {
      const tmp = join(mkdtempSync("/tmp/ws-"), name);
      mkdirSync(tmp);
      const made = privateFolder(tmp);
      expect(made.startsWith(`${tmp}/`)).toBe(!elsewhere);
      const longest = join(made, rankSocket(127, 999_999));
      expect(Buffer.byteLength(longest)).toBeLessThanOrEqual(longestSocketPath() ?? 0);
      expect(statSync(made).mode & 0o777).toBe(0o700);
      removeFolder(made);
      expect(existsSync(made)).toBe(false);
      rmSync(dirname(tmp), { recursive: true });
    }
    const path = join(folder, "é".repeat(60));
    const listening = new Listener({ secret: "", generation: 0, onCall: () => {} }).listen({ path });
    await expect(listening).rejects.toThrow(
      `the path has ${Buffer.byteLength(path)} bytes, but a socket's has at most ${longestSocketPath()}`,
    );
    expect(readdirSync(folder).filter((name) => name.startsWith("é"))).toEqual([]);
  });

  it("are swept of what killed processes left, and of nothing else", async () => {
    const tmp = sharedFolder();
    const own = privateFolder(tmp);
    const parent = dirname(own);
    expect(parent).toBe(join(tmp, `worldsize-${uid}`));
    const [, machine] = /^\d+-([0-9a-f]{6})-/.exec(own.slice(parent.length + 1)) ?? [];
    const make = (name: string): string => {
      const path = join(parent, name);
      mkdirSync(path);
      return path;
    };
    const dead = make(`${DEAD}-${machine}-aaaaaa`);
    await leaveSocket(join(dead, "job.sock"));
    await leaveSocket(join(dead, rankSocket(100, 12)));
    const alive = make(`${process.pid}-${machine}-bbbbbb`);
    const elsewhere = make(`${DEAD}-000000-cccccc`); // another machine's or container's, where the number means another process
    const filled = make(`${DEAD}-${machine}-dddddd`);
    writeFileSync(join(filled, "rank-0.g0.sock"), "a file with a socket's name");
    await leaveSocket(join(filled, "another.sock"));
    const target = make("target");
    await leaveSocket(join(target, "job.sock"));
    symlinkSync(target, join(parent, `${DEAD}-${machine}-eeeeee`));
    const other = make("notes");
    const next = privateFolder(tmp);
    expect(existsSync(dead)).toBe(false);
    for (const kept of [alive, elsewhere, other, next]) expect(existsSync(kept)).toBe(true);
    expect(readdirSync(filled).sort()).toEqual(["another.sock", "rank-0.g0.sock"]);
    expect(readdirSync(target)).toEqual(["job.sock"]);
  });

  it("that somebody else has prepared are left alone", () => {
    const squat: Record<string, (path: string, tmp: string) => void> = {
      "others may write in it": (path) => {
        mkdirSync(path);
        chmodSync(path, 0o777);
      },
      "a link": (path, tmp) => {
        mkdirSync(join(tmp, "theirs"), { mode: 0o700 });
        symlinkSync(join(tmp, "theirs"), path);
      },
      "a file": (path) => writeFileSync(path, ""),
      // Only root can give a folder away; whoever runs this as somebody else has the cases above.
      "another user's": (path) => {
        mkdirSync(path, { mode: 0o700 });
        if (uid === 0) chownSync(path, NOBODY, NOBODY);
        else chmodSync(path, 0o770);
      },
    };
    for (const [how, prepare] of Object.entries(squat)) {
      const tmp = sharedFolder();
      prepare(join(tmp, `worldsize-${uid}`), tmp);
      const bait = join(tmp, `worldsize-${DEAD}-abcdef`); // what an earlier version swept by its name
      mkdirSync(bait);
      writeFileSync(join(bait, "job.sock"), "");
      expect(userFolder(tmp), how).toBe(undefined);
      const before = readdirSync(tmp);
      const made = privateFolder(tmp);
      expect(dirname(made), how).toBe(tmp);
      expect(lstatSync(made).mode & 0o777).toBe(0o700);
      removeFolder(made);
      expect(readdirSync(tmp), how).toEqual(before);
    }
  });

  it("cannot be exchanged for a link between look and removal: nothing but sockets of ours is ever removed", () => {
    const victim = join(folder, "victim");
    mkdirSync(join(victim, "inner"), { recursive: true });
    for (const name of ["job.sock", "rank-0.g0.sock", "thesis.tex", "inner/job.sock"]) {
      writeFileSync(join(victim, name), "precious");
    }
    const link = join(folder, "swapped");
    symlinkSync(victim, link);
    removeFolder(link);
    removeFolder(victim);
    expect(readdirSync(victim, { recursive: true, encoding: "utf8" }).sort()).toEqual([
      "inner",
      "inner/job.sock",
      "job.sock",
      "rank-0.g0.sock",
      "thesis.tex",
    ]);
  });
});

it.runIf(isPosix)("flight recorders: the last 20 failed jobs' are kept", () => {
  const before = process.env.TMPDIR;
  process.env.TMPDIR = sharedFolder();
  try {
    const record = { operation: "barrier()" } as FlightRecord;
    const first = dumpFlight([[record]]) ?? "";
    writeFileSync(join(first, "notes.txt"), "mine");
    const folders = Array.from({ length: 25 }, () => dumpFlight([[record], []]) ?? "");
    const there = folders.filter((each) => existsSync(each));
    expect(there).toHaveLength(20);
    expect(there).toContain(folders.at(-1));
    expect(readdirSync(first)).toEqual(["notes.txt"]);
    expect(dumpFlight([[], []])).toBe(undefined);
  } finally {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
  }
});

describe("files", () => {
  it.runIf(isLinux)("are written aside, keep their links and modes, and devices stay devices", () => {
    const at = (name: string): string => join(folder, name);
    writeFileSync(at("old"), "old");
    chmodSync(at("old"), 0o640);
    const { ino } = statSync(at("old"));
    symlinkSync(at("old"), at("link"));
    writeWhole(at("link"), "new");
    expect(readFileSync(at("old"), "utf8")).toBe("new");
    expect(lstatSync(at("link")).isSymbolicLink()).toBe(true);
    expect(statSync(at("old")).ino).not.toBe(ino);
    expect(statSync(at("old")).mode & 0o777).toBe(0o640);

    linkSync(at("old"), at("twin"));
    writeWhole(at("twin"), "both");
    expect(readFileSync(at("old"), "utf8")).toBe("both");

    symlinkSync(at("not yet"), at("dangling"));
    writeWhole(at("dangling"), "there");
    expect(readFileSync(at("not yet"), "utf8")).toBe("there");

    symlinkSync("/dev/full", at("full"));
    expect(() => writeWhole(at("full"), "x")).toThrow("ENOSPC");
    expect(statSync("/dev/full").isCharacterDevice()).toBe(true);
    expect(() => writeWhole(at("missing/x"), "x")).toThrow("ENOENT");
    expect(readdirSync(folder).filter((name) => name.includes(".part"))).toEqual([]);
  });

  it.runIf(isLinux)("that cannot be written are known at once, and looking changes nothing", async () => {
    const at = (name: string): string => join(folder, name);
    writeFileSync(at("kept"), "kept");
    checkWritable(at("kept"));
    checkWritable(at("new"));
    expect([readFileSync(at("kept"), "utf8"), existsSync(at("new"))]).toEqual(["kept", false]);
    expect(() => checkWritable(folder)).toThrow("it is a folder");
    expect(() => checkWritable(at("a/b/c"))).toThrow(`the folder ${at("a/b")} does not exist`);
    expect(() => checkWritable(at("kept/x"))).toThrow(`${at("kept")} is not a folder`);
    expect(() => checkWritable("/proc/x.json")).toThrow("ENOENT: no such file or directory in /proc");
    makeFolder(at("one/two/three"));
    makeFolder(at("one/two/three"));
    expect(() => makeFolder("/proc/x/y")).toThrow("ENOENT");
    expect(() => makeFolder(at("kept"))).toThrow("EEXIST");
    expect(() => makeFolder(at("kept/x"))).toThrow("ENOTDIR");
    // A socket in the way of a log is no file either.
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(at("s"), resolve));
    expect(() => checkWritable(at("s"))).not.toThrow();
    expect(() => writeWhole(at("s"), "x")).toThrow("ENXIO");
    server.close();
  });
});

it.runIf(isPosix)("the reader's copies and notes are never written over, whatever has their names", () => {
  const copies = new Copies(join(folder, "exercises"));
  const [exercise] = courseExercises();
  const path = copies.path(exercise);
  const elsewhere = join(folder, "elsewhere.ts");
  mkdirSync(copies.folder);
  symlinkSync(elsewhere, path); // leads nowhere yet
  copies.open(exercise);
  expect(existsSync(elsewhere)).toBe(false);
  symlinkSync(elsewhere, `${path}.1.old`);
  expect(copies.reset(exercise)).toBe(`${path}.2.old`);
  for (const kept of [1, 2]) expect(lstatSync(`${path}.${kept}.old`).isSymbolicLink()).toBe(true);
  expect(copies.note(exercise, (was) => ({ ...was, checks: 7 })).checks).toBe(7);
  const notes = join(copies.folder, "progress.json");
  rmSync(notes);
  mkdirSync(notes);
  expect(copies.note(exercise, (was) => ({ ...was, checks: 8 })).checks).toBe(8); // known until the end, and no longer
  expect(copies.trouble).toContain(`${notes} cannot be read (EISDIR`);
  expect(copies.progress(exercise).checks).toBe(8);
});

describe.concurrent("the command", () => {
  interface Ended {
    readonly status: number | null;
    readonly out: string;
    readonly err: string;
  }

  function worldsize(...args: string[]): Promise<Ended> {
    const child = spawn(process.execPath, ["bin/worldsize.mjs", ...args], {
      env: { ...process.env, NO_COLOR: "1", WORLDSIZE_TRANSPORT: undefined },
    });
    let out = "";
    let err = "";
    child.stdout.on("data", (data) => void (out += data));
    child.stderr.on("data", (data) => void (err += data));
    return new Promise((resolve) => child.on("close", (status) => resolve({ status, out, err })));
  }

  const program = (name: string, body: string): string => {
    const file = join(folder, name);
    writeFileSync(
      file,
      `import { rmSync } from "node:fs";
       import { defineScript } from "worldsize";
       export default defineScript({ about: "t", ranks: 2, async main({ world, show }) { ${body} } });`,
    );
    return file;
  };

  it.runIf(isLinux)(
    "refuses logs, pages and traces that cannot be written, before anything runs",
    async ({ expect }) => {
      const file = program("shows.ts", 'show.line("it ran");');
      const logs = join(folder, "logs");
      mkdirSync(join(logs, "rank-1.log"), { recursive: true });
      const pipes = join(folder, "pipes");
      mkdirSync(pipes);
      execFileSync("mkfifo", [join(pipes, "rank-0.log")]);
      const kept = join(folder, "kept.html");
      writeFileSync(kept, "an earlier page");
      const cases: [string[], string][] = [
        [
          ["launch", "--log-dir", logs],
          `The log of rank 1 cannot be written to ${join(logs, "rank-1.log")}: it exists and is not a file. Give another folder with --log-dir.`,
        ],
        [
          ["launch", "--log-dir", pipes],
          `The log of rank 0 cannot be written to ${join(pipes, "rank-0.log")}: it exists and is not a file. Give another folder with --log-dir.`,
        ],
        [
          ["launch", "--log-dir", "/proc/x"],
          "The folder for logs could not be made: ENOENT: no such file or directory, mkdir '/proc/x'. Give another folder with --log-dir.",
        ],
        [
          ["launch", "--trace", "/nowhere/t.json", "--page", kept],
          "The trace could not be written to /nowhere/t.json: the folder /nowhere does not exist.",
        ],
        [["launch", "--page", logs], `The page could not be written to ${logs}: it is a folder.`],
        ...["--max-restarts 2", "--log-dir x", "--sockets tcp"].map((given): [string[], string] => [
          ["launch", "--transport", "shm", ...given.split(" ")],
          `${given.split(" ")[0]} is for ranks in processes of their own, but over shm they are threads of one. ` +
            "Leave it out, or launch with --transport tcp.",
        ]),
        [["launch", "--max-restarts", "-1"], "--max-restarts should be at least 0, but is -1."],
        [
          ["launch", "--secret-file", "x"],
          "--secret-file is for jobs whose ranks meet at --rendezvous HOST:PORT, which is missing.",
        ],
      ];
      const ended = await Promise.all(cases.map(([args]) => worldsize(...args, file)));
      for (const [i, [, message]] of cases.entries()) {
        expect(ended[i]).toEqual({ status: 2, out: "", err: `worldsize: ${message}\n` });
      }
      expect(readFileSync(kept, "utf8")).toBe("an earlier page");
    },
  );

  it("says why a job failed first, whatever happens to its files", async ({ expect }) => {
    const vanishing = (name: string): string => {
      mkdirSync(join(folder, name));
      return join(folder, name, "x");
    };
    const [page, trace] = [vanishing("v1"), vanishing("v2")];
    const gone = `await world.barrier(); rmSync(${JSON.stringify(dirname(page))}, { recursive: true, force: true }); rmSync(${JSON.stringify(dirname(trace))}, { recursive: true, force: true });`;
    const failing = program("fails.ts", `${gone} if (world.rank === 1) throw new Error("the reason");`);
    const flags = ["--page", page, "--trace", trace];
    const { status, err } = await worldsize("run", failing, ...flags);
    expect(status).toBe(1);
    const places = ["the reason", `The page could not be written to ${page}`, "The trace could not be written to"];
    expect(places.map((text) => err.indexOf(text)).every((at, i, all) => at > (all[i - 1] ?? 0))).toBe(true);
    for (const file of [page, trace]) mkdirSync(dirname(file));
    const good = await worldsize("run", program("ends.ts", gone), ...flags);
    expect(good.status).toBe(2);
    expect(good.err.match(/could not be written/g)).toHaveLength(2);
  });

  it.runIf(isLinux)("goes on when a disk is full, and says so once", async ({ expect }) => {
    const logs = join(folder, "full-logs");
    mkdirSync(logs);
    for (const rank of [0, 1]) symlinkSync("/dev/full", join(logs, `rank-${rank}.log`));
    const many = (call: string): string => `for (let i = 0; i < 300; i++) ${call}; await world.barrier();`;
    const [shows, prints] = await Promise.all([
      worldsize("launch", "--log-dir", logs, program("many-shown.ts", many("show.line(String(i))"))),
      worldsize("launch", "--log-dir", logs, program("many-printed.ts", many("console.log(String(i))"))),
    ]);
    expect(shows).toEqual({
      status: 0,
      out: "",
      err: `The logs in ${logs} are incomplete from here on: ENOSPC: no space left on device, write.\n`,
    });
    expect(prints).toEqual(shows); // printed or shown, it goes the same way
  });
});
