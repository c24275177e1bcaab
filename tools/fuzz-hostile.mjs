// Hostile callers against a running job: everything that strangers can send to its sockets.
// The job must go on, its sums must be right, and its memory must not grow.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const MAGIC = 0x57535a0a;
/** Connections open at a time. */
const CROWD = 64;

/** @returns {() => number} uniform in [0, 1), from a seed. */
function randomFrom(seed) {
  let counter = 0;
  return () => createHash("sha256").update(`${seed}:${counter++}`).digest().readUInt32LE(0) / 2 ** 32;
}

function bytesOf(random, length) {
  return createHash("shake256", { outputLength: length }).update(String(random())).digest();
}

function hello(random, { version = 1, purpose = 0, generation = 0, from = 0, to = 0 } = {}) {
  const head = Buffer.alloc(24);
  head.writeUInt32BE(MAGIC, 0);
  head.writeUInt16BE(version, 4);
  head.writeUInt32BE(purpose, 8);
  head.writeUInt32BE(generation, 12);
  head.writeUInt32BE(from, 16);
  head.writeUInt32BE(to, 20);
  return Buffer.concat([head, bytesOf(random, 16)]);
}

/** What a stranger says, in pieces, and whether it then hangs up or stays. */
const attacks = {
  nothing: () => ({ pieces: [], stays: false }),
  silence: () => ({ pieces: [], stays: true }),
  noise: (random) => ({ pieces: [bytesOf(random, 1 + Math.floor(random() * 400))], stays: random() < 0.5 }),
  flood: (random) => ({ pieces: [bytesOf(random, 100_000 + Math.floor(random() * 400_000))], stays: false }),
  truncated: (random) => ({ pieces: [hello(random).subarray(0, Math.floor(random() * 40))], stays: random() < 0.5 }),
  wrongSecret: (random) => ({ pieces: [hello(random, { from: 1 }), bytesOf(random, 32)], stays: true }),
  otherVersion: (random) => ({ pieces: [hello(random, { version: Math.floor(random() * 65536) })], stays: true }),
  otherPurpose: (random) => ({ pieces: [hello(random, { purpose: Math.floor(random() * 2 ** 32) })], stays: true }),
  dripping: (random) => ({ pieces: [...hello(random)].map((byte) => Buffer.from([byte])), stays: true, slow: true }),
  http: () => ({ pieces: [Buffer.from("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")], stays: true }),
  hugeFrame: (random) => ({ pieces: [Buffer.from("7fffffff", "hex"), bytesOf(random, 64)], stays: false }),
  replay: (random, seen) => ({ pieces: seen.at(-1) ?? [hello(random), bytesOf(random, 32)], stays: true }),
};

/** One hostile connection. Resolves when it is over. */
function attack(address, random, seen) {
  const names = Object.keys(attacks);
  let name = names[Math.floor(random() * names.length)];
  if (["dripping", "silence", "flood"].includes(name) && random() < 0.9) name = "wrongSecret"; // these take their time
  const { pieces, stays, slow } = attacks[name](random, seen);
  if (name === "wrongSecret") seen.push(pieces);
  if (seen.length > 100) seen.shift();
  return new Promise((resolve) => {
    const socket = connect(address);
    const patience = setTimeout(() => socket.destroy(), slow ? 8000 : 20);
    let answer = 0;
    socket.on("data", (data) => {
      answer += data.length;
      if (answer > 24) throw new Error(`a stranger was told ${answer} bytes after ${name}`);
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      clearTimeout(patience);
      resolve(name);
    });
    socket.on("connect", async () => {
      for (const piece of pieces) {
        if (socket.destroyed) break;
        socket.write(piece);
        if (slow) await new Promise((go) => setTimeout(go, 100));
      }
      if (!stays) socket.end();
    });
  });
}

function memoryOf(pid) {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024;
}

/**
 * @param {number} count hostile connections.
 * @throws Error when the job was harmed.
 */
export async function fuzzHostile(count, seed) {
  if (process.platform !== "linux") {
    console.log("SKIPPED hostile connections: what they cost a job is read from /proc, which only Linux has.");
    return;
  }
  const random = randomFrom(seed);
  const folder = mkdtempSync(join(tmpdir(), "worldsize-hostile-"));
  const port = 20_000 + Math.floor(random() * 9000);
  const until = join(folder, "stop");
  const args = ["launch", "-n", "2", "--json", "--rendezvous", `127.0.0.1:${port}`, "test/programs/endure.ts"];
  const job = spawn(process.execPath, ["bin/worldsize.mjs", ...args, "--", "--until", until]);
  let out = "";
  let err = "";
  job.stdout.on("data", (data) => void (out += data));
  job.stderr.on("data", (data) => void (err += data));
  const code = new Promise((resolve) => job.on("exit", resolve));
  const rows = () =>
    out
      .trim()
      .split("\n")
      .flatMap((line) => (line ? [JSON.parse(line).row] : []));
  try {
    while (rows().length < 2) {
      if (job.exitCode !== null) throw new Error(`the job did not start: ${err}`);
      await new Promise((go) => setTimeout(go, 50));
    }
    const pids = [job.pid, ...rows().map(({ pid }) => pid)];
    const own = join(tmpdir(), `worldsize-${process.geteuid()}`);
    const sockets = readdirSync(own).find((name) => name.startsWith(`${job.pid}-`));
    const addresses = [
      { host: "127.0.0.1", port },
      ...["job", "rank-0.g0", "rank-1.g0"].map((name) => ({ path: join(own, sockets ?? "", `${name}.sock`) })),
    ];
    const seen = [];
    const tally = {};
    let started = 0;
    let done = 0;
    let before;
    const worker = async () => {
      while (started < count) {
        started++;
        if (started === Math.ceil(count / 2)) before = pids.map(memoryOf); // warm by now
        const name = await attack(addresses[Math.floor(random() * addresses.length)], random, seen);
        tally[name] = (tally[name] ?? 0) + 1;
        if (++done % 10_000 === 0) console.log(`ok  ${done} hostile connections`);
      }
    };
    await Promise.all(Array.from({ length: CROWD }, worker));
    const after = pids.map(memoryOf);
    writeFileSync(until, "");
    if ((await code) !== 0) throw new Error(`the job was harmed: ${out.slice(-1000)}${err}`);
    const [rounds] = rows().flatMap(({ rounds }) => (rounds ? [rounds] : []));
    const growth = after.map((value, i) => value - before[i]);
    console.log(`hostile: ${JSON.stringify(tally)}`);
    console.log(err.trim().split("\n").at(-1));
    console.log(`the job did ${rounds} rounds; memory grew by ${growth.map((mb) => mb.toFixed(0)).join(", ")} MB`);
    if (Math.max(...growth) > 32) throw new Error(`memory is not flat: ${before} → ${after} MB`);
  } finally {
    job.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
}
