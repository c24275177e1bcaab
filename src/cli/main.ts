/** The `worldsize` command. Subcommands are loaded when they are called. */
import pc from "picocolors";
import { suggest, UsageError } from "./scripts.ts";

const commands = ["list", "run", "launch", "join", "verify", "learn", "check", "bench", "help"] as const;

const help = `${pc.bold("worldsize")}: ML systems that one person can read, and the course that teaches them.

  worldsize list                     the course's scripts
  worldsize run NAME [-n RANKS]      run one; its options: worldsize run NAME --help
  worldsize run path/to/my.ts        run a program of your own
  worldsize launch -n 4 my.ts        its ranks as processes, also on several machines; launch --help
  worldsize join my.ts               be one rank of a job that mpirun, srun or a shell started
  worldsize verify                   what this machine has
  worldsize learn                    the exercises, one after the other; every save is checked
  worldsize check 3.3                one exercise, once; --json for editors and teachers
  worldsize bench NAME               all-reduce, p2p, gemm, startup; --help for more

  ${pc.dim("common flags of run: --transport shm|local|tcp, --json, --trace FILE, --algorithm NAME, --seed N")}
`;

/** @returns the exit code. */
async function main(args: readonly string[]): Promise<number> {
  const [command, ...rest] = args;
  switch (command) {
    case undefined:
    case "help":
    case "-h":
    case "--help":
      process.stdout.write(help);
      return 0;
    case "list":
      return (await import("./list.ts")).listCommand(rest);
    case "verify":
      return (await import("./run.ts")).runCommand("verify-setup", ["-n", "1", ...rest]);
    case "bench":
      return (await import("./bench/bench.ts")).benchCommand(rest);
    case "check":
      return (await import("./check.ts")).checkCommand(rest);
    case "learn":
      return (await import("./learn/learn.ts")).learnCommand(rest);
    case "launch":
      return (await import("./launch.ts")).launchCommand(rest);
    case "join":
      return (await import("./join.ts")).joinCommand(rest);
    case "run": {
      const [name, ...flags] = rest;
      if (!name || name === "--help" || name === "-h") {
        process.stdout.write(help);
        return name ? 0 : 2;
      }
      return (await import("./run.ts")).runCommand(name, flags);
    }
    default:
      throw new UsageError(`There is no command "${command}". ${suggest(command, commands)}`);
  }
}

/** Errors of the reader's making get one message and no stack. */
const expected = new Set([
  "UsageError",
  "CompileError",
  "RangeError",
  "JoinError",
  "SecretError",
  "EnvironmentError",
  "ProgressError",
]);

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: Error & { code?: string; exitCode?: number }) => {
    if (error.code === "commander.helpDisplayed") return;
    process.stderr.write(`${pc.red("worldsize:")} ${expected.has(error.name) ? error.message : error.stack}\n`);
    process.exitCode = 2;
  },
);

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0); // the reader of a pipe has seen enough
  process.stderr.write(`${pc.red("worldsize:")} Nothing more can be printed: ${error.message}.\n`);
  process.exit(2);
});
