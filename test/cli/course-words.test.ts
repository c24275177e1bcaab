/** What the course's scripts say where there is little to say: one rank, odd options. In words, as one thing or several. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { defineScript } from "../../src/script/define.ts";
import { commandIn } from "../helpers/command.ts";

const home = mkdtempSync(join(tmpdir(), "worldsize-course-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));

const worldsize = commandIn(home);

/** Numbers that are none, plurals of one, and plurals that were not decided. */
const odd =
  /Infinity|NaN|undefined|\b1 (ranks|hosts|processes|threads|messages|cores|GPUs|nodes|runs|micro-batches)\b|\((s|es)\)|\b0\.0e|all 1\b/;

const scripts = readdirSync("course", { recursive: true, encoding: "utf8" })
  .filter((file) => /scripts[\\/][^\\/]+\.ts$/.test(file))
  .map((file) => basename(file, ".ts"));

/** What takes minutes as it is, because a model learns in it or is asked much; or serves until somebody ends it. */
const long = ["train-language-model", "measure-model", "prefix-sharing-demo", "minimal-inference-server"];

describe.concurrent("with one rank", () => {
  it.each(scripts)("%s has something sensible to say", async (name) => {
    const { status, out, err } = await worldsize("run", name, "-n", "1", ...(long.includes(name) ? ["--quick"] : []));
    expect({ status, err, odd: out.split("\n").filter((line) => odd.test(line)) }).toEqual({
      status: 0,
      err: "",
      odd: [],
    });
    expect(out.length).toBeGreaterThan(20);
  });
});

describe.concurrent("options that are wrong together are told in a sentence, before any rank starts", () => {
  const topologies: Record<string, string> = {
    "short.txt": "\tGPU0\tGPU1\nGPU0\t X \tNV4\nGPU1\tNV4\n",
    "none.txt": "no topology\n",
    "odd.txt": "\tGPU0\tGPU1\nGPU0\t X \tZZ\nGPU1\tZZ\t X \n",
  };
  for (const [name, text] of Object.entries(topologies)) writeFileSync(join(home, name), text);
  const cases: [string, string][] = [
    ["benchmark-algorithms --from 1000 --to 10", "--from 1000 is more than --to 10: give the smaller size first."],
    [
      "kv-cache-calculator --reserve 1000",
      "--reserve 1000 tokens is less than the longest sequence, 2048. Give at least 2048.",
    ],
    [
      "kv-cache-calculator --lengths 5,x",
      '--lengths "5,x" are not numbers of tokens. Give some, such as "100 2000 37".',
    ],
    ["prefix-sharing-demo --cache lru", '--cache: there is no "lru". Choose of none, chain, radix.'],
    [
      "paged-attention-by-hand --page-size 1 --tokens 10",
      "--tokens 10 in pages of 1 needs up to 22 pages; there are 12. Give larger pages, or fewer tokens.",
    ],
    ["topology-inspector --machine file", "Say which file: --machine file --file topo.txt"],
    [
      "topology-inspector --machine file --file nowhere",
      "--file nowhere cannot be used. ENOENT: no such file or directory, open 'nowhere'.",
    ],
    [
      "topology-inspector --machine file --file .",
      "--file . cannot be used. EISDIR: illegal operation on a directory, read.",
    ],
    [
      "topology-inspector --machine file --file none.txt",
      "--file none.txt cannot be used. This is no output of `nvidia-smi topo -m`: no line names GPU0 as a column.",
    ],
    [
      "topology-inspector --machine file --file short.txt",
      "--file short.txt cannot be used. The row of GPU1 has 1 of the 2 entries that there are columns for.",
    ],
    [
      "topology-inspector --machine file --file odd.txt",
      '--file odd.txt cannot be used. The row of GPU0 has "ZZ", which is none of X, NV#, PIX, PXB, PHB, NODE, SYS.',
    ],
    ["topology-inspector --file x", "--file x is read with --machine file only."],
    [
      "topology-inspector --nodes 2",
      "--nodes is for described machines, such as --machine dgx-h100, but not for --machine this.",
    ],
  ];
  it.each(cases)("%s", async (line, message) => {
    expect(await worldsize("run", ...line.split(" "))).toEqual({ status: 2, out: "", err: `worldsize: ${message}\n` });
  });

  it("also when a script is launched", async () => {
    const { status, err } = await worldsize("launch", "-n", "2", "topology-inspector", "--", "--nodes", "2");
    expect(err).toMatch(/^worldsize: --nodes is for described machines, .*\n$/);
    expect(status).toBe(2);
  });

  it("a check that is no function", () => {
    const script = { about: "x", check: "no" as never, main() {} };
    expect(() => defineScript(script)).toThrow("A script's check is a function, not ");
  });
});
