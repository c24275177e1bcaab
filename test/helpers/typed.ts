/** A command line as the course prints it, run in this process, or only read as far as its program would start. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { benchFlags } from "../../src/cli/bench/bench.ts";
import { serveFlags as loadFlags } from "../../src/cli/bench/serve/flags.ts";
import { checkFlags, choose } from "../../src/cli/check.ts";
import { joinCommand } from "../../src/cli/join.ts";
import { launchCommand } from "../../src/cli/launch.ts";
import { learnCommand } from "../../src/cli/learn/learn.ts";
import { listCommand } from "../../src/cli/list.ts";
import type { Output } from "../../src/cli/output.ts";
import { runCommand } from "../../src/cli/run.ts";
import { serveFlags } from "../../src/cli/serve.ts";
import { Copies } from "../../src/exercise/node/copies.ts";
import { stopSignals } from "../../src/platform/node/signals.ts";

/** What a command printed, and its exit code. */
export interface Typed {
  readonly code: number;
  /** Standard output and standard error, in order. */
  readonly text: string;
}

/** The course's scripts: the path of each by its name. */
const scripts = new Map(
  readdirSync("course", { recursive: true, encoding: "utf8" })
    .filter((file) => /scripts[\\/][^\\/]+\.ts$/.test(file))
    .map((file) => [basename(file, ".ts"), join("course", file)]),
);

/** Where commands write. */
const written = mkdtempSync(join(tmpdir(), "worldsize-typed-"));
process.on("exit", () => rmSync(written, { recursive: true, force: true }));

/** Thrown where a program would start. */
class Understood extends Error {}

/** Words of a command line behind `npx worldsize`, without a comment and what the shell reads; quotes keep blanks together. */
export function wordsOf(line: string): string[] {
  const plain = line.replace(/\s+[#>].*$|\s&\s*$/g, "").replace(/^.*?\bworldsize\s+/, "");
  return [...plain.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(([, a, b, c]) => a ?? b ?? c);
}

/** How a line is taken. */
export interface Taken {
  /** Whether `--quick` is added; so if not given. */
  readonly quick?: boolean;
  /** Files that the line means: what it calls them, and where they are. */
  readonly files?: ReadonlyMap<string, string>;
}

/** Runs a command in this process. @throws UsageError as the command would. */
export async function typed(line: string, { quick = true, files = new Map() }: Taken = {}): Promise<Typed> {
  let text = "";
  const write = (piece: string | Uint8Array): void => {
    text += typeof piece === "string" ? piece : Buffer.from(piece).toString();
  };
  const small = quick ? ["--quick"] : [];
  const code = await start(located(wordsOf(line), files), small, { ...channel, write });
  return { code, text };
}

/** Reads a command line by the command's own parser, as far as its program would start. @throws UsageError as the command would. */
export async function understood(line: string, { files = new Map() }: Taken = {}): Promise<void> {
  const free = (): never => {
    throw new Understood();
  };
  try {
    const code = await start(located(wordsOf(line), files), [], { ...channel, free });
    if (code !== 0) throw new Error(`${line}: exit code ${code}`);
  } catch (thrown) {
    if (thrown instanceof Understood) return;
    if (thrown instanceof Error && thrown.message.startsWith("learn needs a terminal")) return;
    throw thrown;
  }
}

/** As much of an output as a command needs. */
type Channel = Pick<Output, "broken" | "free" | "whenBroken" | "taken" | "write">;
const channel: Channel = {
  broken: undefined,
  free: () => {},
  whenBroken: () => {},
  taken: () => undefined,
  write: () => {},
};

async function start([command, ...rest]: string[], small: string[], output: Channel): Promise<number> {
  const signals = stopSignals().map(({ signal }) => ({ signal, before: process.listeners(signal) }));
  const out = output as Output;
  try {
    switch (command) {
      case "run":
        return await runCommand(rest[0], [...rest.slice(1), ...small], out);
      case "verify":
        return await runCommand(scripts.get("verify-setup") as string, ["-n", "1", ...rest, ...small], out);
      case "launch":
        return await launchCommand([...small, ...rest], out);
      case "join":
        return await joinCommand([...small, ...rest], out);
      case "list":
        return listCommand(rest, out);
      case "learn":
        return await learnCommand(rest, out);
      case "check":
        choose(checkFlags(rest).numbers, new Copies("exercises"));
        return 0;
      case "serve":
        return Number(!serveFlags(rest));
      case "bench": {
        const [name, ...flags] = rest;
        if (name === "serve") return Number(!loadFlags(flags));
        if (name !== "algorithms") return Number(!benchFlags(name, flags));
        return await start(["run", scripts.get("benchmark-algorithms") as string, ...flags], small, output);
      }
      default:
        throw new Error(`This helper does not know \`worldsize ${command}\`.`);
    }
  } finally {
    for (const { signal, before } of signals)
      for (const listener of process.listeners(signal))
        if (!before.includes(listener)) process.off(signal, listener as () => void);
  }
}

/**
 * Words with the paths of scripts and files in place of their names: the source's commands look for scripts beside dist/.
 * What a command writes with --out goes to the temporary folder.
 */
function located(words: string[], files: ReadonlyMap<string, string>): string[] {
  return words.map((word, i) =>
    words[i - 1] === "--out" ? join(written, word) : (files.get(word) ?? scripts.get(word) ?? word),
  );
}
