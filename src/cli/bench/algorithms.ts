/** `worldsize bench algorithms`: the course's benchmark-algorithms over every transport, one after the other. */
import pc from "picocolors";
import { transports } from "../../job/node/job.ts";
import type { Output } from "../output.ts";
import { runCommand } from "../run.ts";
import { UsageError } from "../scripts.ts";

/** @param args flags of `worldsize run benchmark-algorithms`. @returns the exit code. */
export async function benchAlgorithms(args: readonly string[], output: Output): Promise<number> {
  if (args.some((arg) => /^--transport(=|$)/.test(arg))) {
    throw new UsageError(
      "bench algorithms runs over every transport. For one of them, write: worldsize run benchmark-algorithms --transport NAME",
    );
  }
  const help = args.includes("--help") || args.includes("-h");
  for (const transport of help ? transports.slice(0, 1) : transports) {
    if (!args.includes("--json") && !help) process.stdout.write(`\n${pc.bold(`over ${transport}`)}\n`);
    const code = await runCommand("benchmark-algorithms", [...args, "--transport", transport], output);
    if (code !== 0) return code;
  }
  return 0;
}
