/** What differs between systems, tried as each of them: the real code, as far as this system can pretend. */
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { fixesOn } from "../../course/part1-distributed/chapter01-first-program/scripts/verify-setup.ts";
import { interruptible } from "../../src/cli/program-flags.ts";
import { blasName, formatChoice, parseChoice } from "../../src/job/blas-choice.ts";
import { privateFolder, removeFolder, socketFolder } from "../../src/job/node/processes/folder.ts";
import { jobSecret } from "../../src/job/node/processes/secret.ts";
import { makeFolder, patiently } from "../../src/platform/node/files.ts";
import { hostName } from "../../src/platform/node/hostname.ts";
import { blasLibraries, changedAt, yieldCalls } from "../../src/platform/node/libraries.ts";
import { Listener } from "../../src/platform/node/listener.ts";
import { fileUrl, isOnWindowsDisk, isWithin, rootOf } from "../../src/platform/node/paths.ts";
import { configFolder } from "../../src/platform/node/private.ts";
import { endOf, stopSignals } from "../../src/platform/node/signals.ts";
import { hasDescriptors, longestSocketPath, socketKinds } from "../../src/platform/node/sockets.ts";
import { type System, thisSystem, windowsDisksOf } from "../../src/platform/node/system.ts";
import { userFolder } from "../../src/platform/node/user-folder.ts";
import { watchFolder } from "../../src/platform/node/watch.ts";
import { openYield } from "../../src/platform/node/yield.ts";
import { userFrame } from "../../src/trace/site.ts";
import { fakeSystem, fakeWindows, isPosix } from "../helpers/systems.ts";

const folder = realpathSync(mkdtempSync(join(tmpdir(), "worldsize-platforms-")));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let made = 0;
function newFolder(): string {
  const path = join(folder, `f${made++}`);
  mkdirSync(path);
  return path;
}

const [linux, darwin, windows] = [fakeSystem("linux"), fakeSystem("darwin"), fakeWindows(newFolder())];
/** Linux in Windows, with a disk of Windows at that place. */
const wsl = (disk: string): System => fakeSystem("linux", { windowsDisks: [disk] });

describe("sockets", () => {
  it("have paths of at most so many bytes, none on Windows, where ranks meet at ports", () => {
    expect([linux, darwin, windows].map(longestSocketPath)).toEqual([107, 103, undefined]);
    expect([linux, darwin, windows].map(socketKinds)).toEqual([["unix", "tcp"], ["unix", "tcp"], ["tcp"]]);
    expect([linux, darwin, windows].map(hasDescriptors)).toEqual([true, true, false]);
  });

  it.runIf(isPosix)("are listened at where a path fits, and refused where it does not", async () => {
    const listen = async (path: string, system: System): Promise<unknown> => {
      const listener = new Listener({ secret: "", generation: 0, onCall: () => {} });
      try {
        return await listener.listen({ path }, system);
      } catch (error) {
        return (error as Error).message;
      } finally {
        listener.close();
      }
    };
    const tmp = mkdtempSync("/tmp/ws-");
    const path = join(tmp, "x".repeat(105 - tmp.length - 1));
    expect(await listen(path, linux)).toBe(0);
    expect(await listen(path, darwin)).toBe("the path has 105 bytes, but a socket's has at most 103");
    expect(await listen(path, windows)).toBe("the path has 105 bytes, but sockets have none here, only ports");
    rmSync(tmp, { recursive: true });
  });

  it.runIf(isPosix)("lie in /tmp where macOS has its long temporary folders, or on a disk of Windows", () => {
    // 39 bytes: with the longest name below there is room for them on Linux, and none on macOS.
    const tmp = mkdtempSync("/tmp/ws-");
    const long = join(tmp, "x".repeat(39 - tmp.length - 1));
    mkdirSync(long);
    const parents = (system: System): string => {
      const made = privateFolder(long, system);
      removeFolder(made);
      return dirname(dirname(made));
    };
    expect([parents(linux), parents(darwin), parents(wsl(tmp))]).toEqual([long, "/tmp", "/tmp"]);
    rmSync(tmp, { recursive: true });
    expect(socketFolder(windows)).toBe(undefined);
    expect(readdirSync(windows.tmp)).toEqual([]);
  });
});

describe("hosts", () => {
  it("are told apart by this boot, where the system says which it is", () => {
    const tools = newFolder();
    if (isPosix) {
      writeFileSync(join(tools, "sysctl"), '#!/bin/sh\n[ "$*" = "-n kern.bootsessionuuid" ] && echo BOOT\n');
      chmodSync(join(tools, "sysctl"), 0o755);
      expect(hostName(fakeSystem("darwin", { env: { PATH: tools } }))).toBe(`${hostname()}/BOOT/`);
    }
    expect(hostName(fakeSystem("darwin", { env: { PATH: folder } }))).toBe(`${hostname()}//`);
    expect(hostName(windows)).toBe(`${hostname()}//`);
  });
});

describe("folders of this user", () => {
  it("on Windows lie in the user's own folder, or nowhere", () => {
    const own = join(windows.tmp, "worldsize");
    expect(userFolder(undefined, windows)).toBe(own);
    expect(userFolder(undefined, windows)).toBe(own); // there already
    expect(userFolder(newFolder(), windows)).toBe(undefined); // C:\Windows\Temp, say
    rmSync(own, { recursive: true });
    writeFileSync(own, "");
    expect(userFolder(undefined, windows)).toBe(undefined);
    if (isPosix) {
      rmSync(own);
      symlinkSync(folder, own);
      expect(userFolder(undefined, windows)).toBe(undefined);
    }
    rmSync(own);
  });

  it.runIf(isPosix)("elsewhere carry the user's number, and are that user's", () => {
    const tmp = newFolder();
    const uid = process.geteuid?.() ?? 0;
    for (const system of [linux, darwin]) {
      const own = userFolder(tmp, system) ?? "";
      expect(own).toBe(join(tmp, `worldsize-${uid}`));
      expect(lstatSync(own).mode & 0o777).toBe(0o700);
    }
    expect(userFolder(tmp, fakeSystem("darwin", { uid: uid + 1 }))).toBe(undefined); // made, but by another user
  });
});

describe("a secret", () => {
  it("lies where each system keeps such things, and is made there when it is first needed", () => {
    const home = newFolder();
    const system = (platform: System["platform"], env = {}): System => fakeSystem(platform, { home, env });
    const local = join(home, "AppData", "Local", "worldsize");
    expect(configFolder(system("linux"))).toBe(join(home, ".config", "worldsize"));
    expect(configFolder(system("darwin"))).toBe(join(home, ".config", "worldsize"));
    expect(configFolder(system("win32"))).toBe(local);
    expect(configFolder(system("win32", { LOCALAPPDATA: join(home, "L") }))).toBe(join(home, "L", "worldsize"));
    for (const platform of ["linux", "darwin", "win32"] as const) {
      expect(configFolder(system(platform, { XDG_CONFIG_HOME: home }))).toBe(join(home, "worldsize"));
      const secret = jobSecret(undefined, true, system(platform));
      expect(secret).toMatch(/^[0-9a-f]{64}$/);
      expect(jobSecret(undefined, true, system(platform))).toBe(secret);
    }
    expect(readFileSync(join(local, "secret"), "utf8").trim()).toHaveLength(64);
  });

  it("is refused where others may read it, with what helps there", () => {
    const home = newFolder();
    const outside = join(newFolder(), "secret");
    const inside = join(home, "secret");
    for (const file of [outside, inside]) {
      writeFileSync(file, "0123456789abcdef\n");
      chmodSync(file, 0o644); // as every file of Windows looks
    }
    const win32 = fakeSystem("win32", { home });
    expect(jobSecret(inside, false, win32)).toBe("0123456789abcdef");
    expect(() => jobSecret(outside, false, win32)).toThrow(
      `Whether others can read the secret in ${outside} cannot be determined on this system. Move it into ${home}.`,
    );
    if (!isPosix) return;
    for (const system of [fakeSystem("linux", { home }), fakeSystem("darwin", { home })]) {
      expect(() => jobSecret(inside, false, system)).toThrow(
        `Others can read the secret in ${inside} (mode 644). Run: chmod 600 ${inside}`,
      );
    }
    expect(() => jobSecret(outside, false, { ...wsl(dirname(outside)), home })).toThrow(
      `Others can read the secret in ${outside} (mode 644), and on a disk of Windows chmod may change nothing. ` +
        `Move it into ${home}.`,
    );
    chmodSync(outside, 0o600); // a disk that is mounted so that it keeps modes
    expect(jobSecret(outside, false, wsl(dirname(outside)))).toBe("0123456789abcdef");
  });

  it("is made by a command that the system has", () => {
    const make = (platform: System["platform"]) => () => jobSecret(undefined, false, fakeSystem(platform));
    expect(make("linux")).toThrow("`head -c 32 /dev/urandom | base64 > job.secret; chmod 600 job.secret`");
    expect(make("win32")).toThrow(
      "`node -e \"fs.writeFileSync('job.secret', crypto.randomBytes(32).toString('hex'))\"`",
    );
  });
});

describe("giving the core away", () => {
  const [glibc, musl] = yieldCalls(linux);

  it("has a name on each system", () => {
    expect([glibc.library, musl.library]).toEqual(["libc.so.6", "libc.musl-x86_64.so.1"]);
    expect(yieldCalls(fakeSystem("linux", { arch: "arm64" }))[1].library).toBe("libc.musl-aarch64.so.1");
    expect(yieldCalls(darwin)).toEqual([{ library: "libSystem.B.dylib", signature: "int sched_yield()" }]);
    expect(yieldCalls(windows)).toEqual([{ library: "kernel32.dll", signature: "int SwitchToThread()" }]);
    expect(yieldCalls(fakeSystem("freebsd"))).toEqual([]);
  });

  it("is opened by the first library that is there, and is done without where there is none", () => {
    const asked: string[] = [];
    const load = (there: string) => () => ({
      load(library: string) {
        asked.push(library);
        if (library !== there) throw new Error("no such library");
        return { func: (signature: string) => () => signature };
      },
    });
    expect(openYield(linux, load("libc.so.6"))?.()).toBe("int sched_yield()");
    expect(openYield(linux, load(musl.library))?.()).toBe("int sched_yield()");
    expect(openYield(windows, load("kernel32.dll"))?.()).toBe("int SwitchToThread()");
    expect(openYield(darwin, load("libc.so.6"))).toBe(undefined);
    expect(asked).toEqual(["libc.so.6", "libc.so.6", musl.library, "kernel32.dll", "libSystem.B.dylib"]);
    const missing = () => {
      throw new Error("Cannot find module 'koffi'");
    };
    expect(openYield(linux, missing)).toBe(undefined);
    expect(openYield(fakeSystem("linux", { env: { WORLDSIZE_YIELD: "off" } }), load("libc.so.6"))).toBe(undefined);
    expect(openYield(fakeSystem("freebsd"), load("libc.so.6"))).toBe(undefined);
  });
});

describe("a BLAS", () => {
  it("is looked for where each system keeps libraries", () => {
    const brew = newFolder();
    const onMac = blasLibraries(fakeSystem("darwin", { env: { HOMEBREW_PREFIX: brew } }));
    expect(onMac).toEqual([
      "/System/Library/Frameworks/Accelerate.framework/Accelerate",
      join(brew, "opt/openblas/lib/libopenblas.dylib"),
    ]);
    expect(blasLibraries(darwin)).toHaveLength(3);
    const [first, second] = [newFolder(), newFolder()];
    writeFileSync(join(second, "libopenblas.dll"), "");
    const env = { PATH: `${first};;${second}` };
    const onWindows = blasLibraries(fakeSystem("win32", { env })).filter((path) => changedAt(path) !== undefined);
    expect(onWindows).toEqual([join(second, "libopenblas.dll")]);
    expect(blasLibraries(fakeSystem("win32"))).toEqual([]);
  });

  it("is there as a framework without being a file, as macOS has them", () => {
    const framework = join(newFolder(), "Accelerate.framework");
    expect(changedAt(join(framework, "Accelerate"))).toBe(undefined);
    mkdirSync(framework);
    expect(changedAt(join(framework, "Accelerate"))).toBeGreaterThan(0);
    expect(changedAt(join(framework, "libopenblas.so"))).toBeGreaterThan(0);
    expect(changedAt(join(folder, "libopenblas.so"))).toBe(undefined);
  });

  it("can be pinned by a path with a disk", () => {
    const choice = { path: "C:\\blas\\libopenblas.dll", core: "Zen", from: 4096, splits: true };
    expect(parseChoice(formatChoice(choice))).toEqual(choice);
    expect(blasName(choice)).toBe("libopenblas.dll as Zen");
    expect(blasName({ ...choice, path: "/opt/a\\b.so" })).toBe("a\\b.so as Zen");
  });

  it("and MPI are installed by what a system has", () => {
    expect(["linux", "darwin", "win32"].map((system) => fixesOn(system).blas)).toEqual([
      "apt install libopenblas0",
      "brew install openblas",
      "put libopenblas.dll into a folder of the PATH",
    ]);
  });
});

describe("signals", () => {
  const before = process.listenerCount("SIGINT");
  afterEach(() => {
    for (const { signal } of [...stopSignals(linux), ...stopSignals(windows)]) process.removeAllListeners(signal);
  });

  it("stop a job: those that a system has, with the exit codes that shells expect", () => {
    const codes = (system: System) => stopSignals(system).map(({ signal, exitCode }) => [signal, exitCode]);
    const posix = [
      ["SIGINT", 130],
      ["SIGTERM", 143],
    ];
    expect([codes(linux), codes(darwin)]).toEqual([posix, posix]);
    expect(codes(windows)).toEqual([
      ["SIGINT", 130],
      ["SIGBREAK", 149],
      ["SIGHUP", 129],
    ]);
    for (const system of [linux, darwin, windows]) {
      for (const { signal, exitCode } of stopSignals(system)) {
        const stopped = interruptible(system);
        expect(stopped.aborted).toBe(false);
        process.emit(signal);
        expect([stopped.aborted, stopped.reason]).toEqual([true, exitCode]);
      }
    }
    expect(process.listenerCount("SIGINT")).toBeGreaterThan(before);
  });

  it("that a terminal sends to all are left to the launcher by its ranks", () => {
    const shared = (system: System) => stopSignals(system).flatMap((each) => (each.shared ? [each.signal] : []));
    expect(shared(linux)).toEqual(["SIGINT"]);
    expect(shared(windows)).toEqual(["SIGINT", "SIGBREAK", "SIGHUP"]);
  });

  it("and exit codes say how a process ended", () => {
    expect(endOf(null, "SIGKILL")).toEqual({ detail: "was killed by SIGKILL", exitCode: 137 });
    expect(endOf(3, null)).toEqual({ detail: "ended its process with exit code 3", exitCode: 3 });
    expect(endOf(0, null)).toEqual({ detail: "ended its process with exit code 0", exitCode: 1 });
    expect(endOf(0xc0000005, null)).toEqual({ detail: "crashed (0xc0000005)", exitCode: 1 }); // Windows alone
  });
});

describe("paths", () => {
  it("become the URLs that programs are imported by", () => {
    expect(fileUrl("C:\\Users\\x y\\p.ts", windows)).toBe("file:///C:/Users/x%20y/p.ts");
    expect(fileUrl("D:\\a#b\\100%.mjs", windows)).toBe("file:///D:/a%23b/100%25.mjs");
    expect(fileUrl("\\\\server\\share\\p.ts", windows)).toBe("file://server/share/p.ts");
    for (const system of [linux, darwin]) {
      expect(fileUrl("/home/x y/p.ts", system)).toBe("file:///home/x%20y/p.ts");
    }
  });

  it.runIf(isPosix)("have a root, and lie in folders whatever links lead there", () => {
    expect([rootOf("/a/b"), rootOf("a")]).toEqual(["/", "/"]);
    const outer = newFolder();
    mkdirSync(join(outer, "in/..within"), { recursive: true });
    symlinkSync(outer, join(folder, "alias"));
    expect(isWithin(outer, join(outer, "in"))).toBe(true);
    expect(isWithin(outer, outer)).toBe(true);
    expect(isWithin(join(folder, "alias"), join(outer, "in"))).toBe(true);
    expect(isWithin(join(outer, "in"), join(outer, "in/..within"))).toBe(true);
    expect(isWithin(join(outer, "in"), outer)).toBe(false);
    expect(isWithin(outer, join(outer, "missing"))).toBe(false);
  });

  it("in stacks of Windows name the program's files, and the library's are passed over", () => {
    const frame = (place: string) => userFrame(`Error: x\n    at main (${place}:41:3)`);
    expect(frame("C:\\Users\\x y\\train.ts")).toEqual({ file: "train.ts", path: "/C:/Users/x y/train.ts", line: 41 });
    expect(frame("file:///C:/Users/x%20y/train.ts")?.file).toBe("train.ts");
    expect(frame("c:\\repo\\node_modules\\.cache\\worldsize\\train.mjs")).toBe(undefined);
    expect(frame("/home/a\\b/train.ts")).toEqual({ file: "train.ts", path: "/home/a\\b/train.ts", line: 41 });
  });
});

describe("files", () => {
  it("that another program has open are tried again on Windows, and nowhere else", () => {
    const refusing = (times: number, code: string) => {
      let tries = 0;
      const body = (): void => {
        if (tries++ < times) throw Object.assign(new Error(code), { code });
      };
      return { body, tries: () => tries };
    };
    for (const code of ["EPERM", "EACCES", "EBUSY"]) {
      const short = refusing(3, code);
      patiently(short.body, windows);
      expect(short.tries()).toBe(4);
      const once = refusing(3, code);
      expect(() => patiently(once.body, linux)).toThrow(code);
      expect(once.tries()).toBe(1);
    }
    expect(() => patiently(refusing(100, "EBUSY").body, windows)).toThrow("EBUSY");
    const other = refusing(1, "ENOSPC");
    expect(() => patiently(other.body, windows)).toThrow("ENOSPC");
  });

  it("on a disk of Windows are looked at again and again, because it does not tell of changes", async () => {
    const disk = newFolder();
    const copies = join(disk, "exercises");
    mkdirSync(copies);
    writeFileSync(join(copies, "old.ts"), "");
    expect(isOnWindowsDisk(copies, wsl(disk))).toBe(true);
    expect([linux, darwin, wsl(newFolder())].map((system) => isOnWindowsDisk(copies, system))).toEqual(
      [linux, darwin, wsl("")].map(() => false),
    );
    for (const system of [linux, wsl(disk)]) {
      const changed = new Set<string>();
      const watched = watchFolder(copies, (file) => void changed.add(file), system);
      await new Promise((resolve) => setTimeout(resolve, 20)); // time that a file can be newer by
      writeFileSync(join(copies, "new.ts"), String(made++));
      while (!changed.has("new.ts")) await new Promise((resolve) => setTimeout(resolve, 20));
      watched.close();
      expect([...changed]).toEqual(["new.ts"]);
    }
    const gone = watchFolder(join(disk, "missing"), () => {}, linux);
    gone.close();
  });

  it("of a disk that is not there are refused, not looked for without end", () => {
    if (isPosix) expect(() => makeFolder("/proc/x/y")).toThrow();
    else expect(() => makeFolder("Q:\\x\\y")).toThrow("ENOENT");
  });
});

it("disks of Windows are known by how Linux mounts them", () => {
  const mounts = [
    "C:\\134 /mnt/c 9p rw,noatime,aname=drvfs;path=C:\\134,trans=fd 0 0",
    "D:\\134 /mnt/my\\040disk 9p rw,aname=drvfs;path=D:\\134 0 0",
    "E: /mnt/e drvfs rw,noatime 0 0",
    "drvfsa /mnt/f virtiofs rw 0 0",
    "none /usr/lib/wsl/drivers 9p ro,aname=drivers 0 0",
    "/dev/sdb / ext4 rw 0 0",
    "tmpfs /mnt/wslg tmpfs rw 0 0",
    "",
  ].join("\n");
  expect(windowsDisksOf(mounts)).toEqual(["/mnt/c", "/mnt/my disk", "/mnt/e", "/mnt/f"]);
});

it("a forge runs the tests on three systems, with three versions of Node", () => {
  const text = readFileSync(new URL("../../.github/workflows/ci.yml", import.meta.url), "utf8");
  expect(text).toContain("system: [ubuntu-latest, macos-latest, windows-latest]");
  expect(text).toContain("node: [20, 22, 24]");
});

it("this system is what Node says", () => {
  const { platform, arch, uid, tmp } = thisSystem();
  expect({ platform, arch, uid, tmp }).toEqual({
    platform: process.platform,
    arch: process.arch,
    uid: process.geteuid?.(),
    tmp: tmpdir(),
  });
});
