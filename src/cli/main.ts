/** The `worldsize` command. Subcommands are loaded when they are called. */
import pc from "picocolors";
import { stopSignals } from "../platform/node/signals.ts";
import { inspect, isError, visibleLines, wordsOf } from "../trace/text.ts";
import { Output } from "./output.ts";
import { suggest, UsageError } from "./scripts.ts";

const commands = [
  "list",
  "run",
  "launch",
  "join",
  "verify",
  "learn",
  "check",
  "figure",
  "serve",
  "bench",
  "help",
  "version",
] as const;

const help = `${pc.bold("worldsize")}: ML systems that one person can read, and the course that teaches them.

  worldsize list                     the course's scripts
  worldsize run NAME [-n RANKS]      run one; its options: worldsize run NAME --help
  worldsize run path/to/my.ts        run a program of your own
  worldsize launch -n 4 my.ts        its ranks as processes, also on several machines; launch --help
  worldsize join my.ts               be one rank of a job that mpirun, srun or a shell started
  worldsize verify                   what this machine has
  worldsize learn                    the exercises, one after the other; every save is checked
  worldsize check 3.3                one exercise, once; --json for editors and teachers
  worldsize figure ring-all-reduce   a figure of the course, drawn here; all of them without a name
  worldsize serve [DIR]              a model behind OpenAI's protocol; serve --help
  worldsize bench NAME               all-reduce, p2p, gemm, startup; --help for more
  worldsize --version                which version this is

  ${pc.dim("common flags of run: --transport shm|local|tcp, --json, --trace FILE, --algorithm NAME, --seed N")}
  ${pc.dim("exit codes: 0; what a rank set or died of (process.exitCode, process.exit(n), 128 + signal),")}
  ${pc.dim("else 1 for a failure; 2 for what could not be started; 130 for Ctrl-C")}
`;

/** @returns the exit code. */
async function main(args: readonly string[], output: Output): Promise<number> {
  const [command, ...rest] = args;
  switch (command) {
    case undefined:
    case "help":
    case "-h":
    case "--help":
      process.stdout.write(help);
      return 0;
    case "version":
    case "-V":
    case "--version":
      process.stdout.write(`${await versionOf()}\n`);
      return 0;
    case "list":
      return (await import("./list.ts")).listCommand(rest, output);
    case "verify":
      return (await import("./run.ts")).runCommand("verify-setup", ["-n", "1", ...rest], output);
    case "bench":
      if (rest[0] && !/^(-h|--help)$/.test(rest[0])) refuseFlag(rest[0], "worldsize bench NAME --json");
      return (await import("./bench/bench.ts")).benchCommand(rest, output);
    case "check":
      return (await import("./check.ts")).checkCommand(rest, output);
    case "figure":
      return (await import("./figure.ts")).figureCommand(rest, output);
    case "serve":
      return (await import("./serve.ts")).serveCommand(rest, output);
    case "learn":
      return (await import("./learn/learn.ts")).learnCommand(rest, output);
    case "launch":
      return (await import("./launch.ts")).launchCommand(rest, output);
    case "join":
      return (await import("./join.ts")).joinCommand(rest, output);
    case "run": {
      const [name, ...flags] = rest;
      if (!name || name === "--help" || name === "-h") {
        process.stdout.write(help);
        return name ? 0 : 2;
      }
      refuseFlag(name, "worldsize run NAME -n 4");
      return (await import("./run.ts")).runCommand(name, flags, output);
    }
    default:
      throw new UsageError(`There is no command "${command}". ${suggest(command, commands)}`);
  }
}

/** The package's own version. */
async function versionOf(): Promise<string> {
  const [{ readFileSync }, { packageRoot }] = await Promise.all([import("node:fs"), import("../job/node/compile.ts")]);
  return (JSON.parse(readFileSync(`${packageRoot}package.json`, "utf8")) as { version: string }).version;
}

/** @throws UsageError for a flag where a name should be. @param example of what to write. */
function refuseFlag(word: string, example: string): void {
  if (word.startsWith("-")) throw new UsageError(`The name comes before ${word}: ${example}`);
}

/** Errors of the reader's making get one message and no stack. */
const expected = new Set([
  "UsageError",
  "CompileError",
  "CopyError",
  "RangeError",
  "MemoryRefusal",
  "JoinError",
  "SecretError",
  "EnvironmentError",
]);

/** Runs a command. @returns its exit code. */
async function command(output: Output): Promise<number> {
  try {
    return await main(process.argv.slice(2), output);
  } catch (thrown) {
    const error = thrown as Error & { code?: string };
    if (error.code === "commander.helpDisplayed") return 0;
    const words = isError(thrown) ? (expected.has(wordsOf(error).name) ? error.message : error.stack) : undefined;
    process.stderr.write(`${pc.red("worldsize:")} ${visibleLines(words ?? inspect(thrown))}\n`);
    return 2;
  }
}

/** Exit code of a command whose output is lost. */
const LOST = 1;

const output = new Output();
void command(output).then(async (code) => {
  await output.close(stopSignals().some(({ exitCode }) => exitCode === code));
  const lost = output.broken && !output.broken.quiet ? output.broken.error : undefined;
  if (lost) {
    process.stderr.write(
      `${pc.red("worldsize:")} The output could not be written, so nothing more was done: ${lost.message}.\n`,
    );
  }
  process.exit(lost ? code || LOST : code); // whatever a program's definition has left running here
});
