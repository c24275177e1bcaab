/** The flags of `worldsize bench serve`: what is sent, to whom, when, and what counts as good. */
import { Command, InvalidArgumentError, Option } from "commander";
import type { Objectives, Ramp } from "../../../load/index.ts";
import { isTyped } from "../../ignored.ts";
import { parse, seed, strict, wholeNumber } from "../../program-flags.ts";
import { UsageError } from "../../scripts.ts";

const workloads = ["shared-prefix", "mixed", "random", "trace"] as const;

/** What was asked for. */
export interface ServeFlags {
  readonly url?: string;
  readonly model?: string;
  readonly key?: string;
  readonly api: "completions" | "chat";
  readonly prompts: "auto" | "ids" | "text";
  readonly plain?: boolean;
  readonly workload: (typeof workloads)[number];
  /** The trace's file. */
  readonly file?: string;
  readonly requests?: number;
  readonly rate: number;
  readonly burstiness: number;
  readonly ramp?: Ramp;
  readonly concurrency?: number;
  readonly input?: number;
  readonly output?: number;
  readonly rangeRatio: number;
  readonly prefix: number;
  readonly groups: number;
  readonly system: number;
  readonly question: number;
  readonly goodput?: Objectives;
  readonly percentiles: readonly number[];
  readonly seed: number;
  readonly timeout: number;
  readonly radix: "on" | "off" | "both";
  readonly against?: "node-llama-cpp";
  readonly rounds: number;
  readonly json?: boolean;
  /** Flags of the server that is started. */
  readonly serverFlags: readonly string[];
}

/** Flags that say something of a workload, and of which. */
const ofWorkloads: Readonly<Record<string, readonly string[]>> = {
  rangeRatio: ["random"],
  prefix: ["random"],
  input: ["random", "mixed"],
  output: ["random", "mixed", "shared-prefix"],
  groups: ["shared-prefix"],
  system: ["shared-prefix"],
  question: ["shared-prefix"],
};

/** Reads the flags. @throws UsageError for what cannot be, and for what would have no effect. */
export function serveFlags(args: readonly string[]): ServeFlags {
  const at = args.indexOf("--");
  const [own, serverFlags] = at < 0 ? [args, []] : [args.slice(0, at), args.slice(at + 1)];
  const command = commandOf();
  parse(command, own);
  const [file] = command.args;
  const flags = { ...command.opts<ServeFlags>(), file, serverFlags };
  refuseUseless(command, flags);
  return flags;
}

function commandOf(): Command {
  return strict(new Command("worldsize bench serve"))
    .description(
      "Sends requests to a server of OpenAI's protocol, and measures their answers as vLLM's bench serve does. " +
        "Without --url it starts worldsize serve with the model that ships; what follows -- are that server's flags.",
    )
    .usage("[flags] [-- the server's flags]")
    .argument("[file]", "with --workload trace: lines of JSON with timestamp, input_length, output_length, hash_ids")
    .option("--url <url>", "a server that runs, with /v1 at the end or without", address)
    .option("--model <name>", "its model (default: the first that it lists)")
    .addOption(new Option("--key <key>", "sent as Authorization: Bearer").env("OPENAI_API_KEY"))
    .addOption(new Option("--api <name>", "which answers").choices(["completions", "chat"]).default("completions"))
    .addOption(
      new Option("--prompts <form>", "token ids, or text of as many; auto: ids where both ends can")
        .choices(["auto", "ids", "text"])
        .default("auto"),
    )
    .option("--plain", "send OpenAI's own fields only: no ignore_eos, so answers may be shorter")
    .addOption(new Option("--workload <name>", "what is asked").choices([...workloads]).default("shared-prefix"))
    .option("--requests <count>", "how many (default: 64, or all of a trace)", positive)
    .addOption(
      new Option("--rate <rate>", "requests per second, or inf for all at once")
        .argParser(rate)
        .default(Infinity, "inf"),
    )
    .option("--burstiness <shape>", "1: Poisson; less: bursts; more: even gaps; inf: equal ones", rate, 1)
    .option("--ramp <kind:from:to>", "a rate that grows: linear:1:8, exponential:1:8", ramp)
    .option("--concurrency <count>", "most requests in flight", positive)
    .option("--input <tokens>", "random (256), mixed (202): mean length of prompts", positive)
    .option("--output <tokens>", "random (64), mixed (179): mean; shared-prefix (32): length", positive)
    .option("--range-ratio <ratio>", "random: lengths from (1 - ratio) to (1 + ratio) times", share, 0)
    .option("--prefix <tokens>", "random: tokens that all prompts begin with", notNegative, 0)
    .option("--groups <count>", "shared-prefix: groups of prompts", positive, 8)
    .option("--system <tokens>", "shared-prefix: what the prompts of a group share", notNegative, 256)
    .option("--question <tokens>", "shared-prefix: what is a prompt's own", positive, 32)
    .option("--goodput <slo...>", "most ms of a good request: ttft:500 tpot:50 e2el:3000", objective)
    .addOption(
      new Option("--percentiles <list>", "which to show").argParser(percentiles).default([50, 90, 99], "50,90,99"),
    )
    .option("--seed <number>", "what lengths, times and tokens are drawn from", seed, 0)
    .option("--timeout <seconds>", "silence after which a request has failed", rate, 120)
    .addOption(
      new Option("--radix <mode>", "the started server with its prefix cache, without, or one after the other")
        .choices(["on", "off", "both"])
        .default("on"),
    )
    .addOption(
      new Option(
        "--against <peer>",
        "the same requests beside a peer, both with a Llama of 100 million parameters",
      ).choices(["node-llama-cpp"]),
    )
    .option("--rounds <count>", "interleaved rounds, with --radix both or --against", positive, 1)
    .option("--json", "print one object per line");
}

function refuseUseless(command: Command, flags: ServeFlags): void {
  const { workload, file, url, radix, against, serverFlags } = flags;
  const typed = (name: string): boolean => isTyped(command, name);
  const long = (name: string): string => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  if (workload === "trace" && file === undefined)
    throw new UsageError("--workload trace needs a file: worldsize bench serve --workload trace requests.jsonl");
  if (workload !== "trace" && file !== undefined)
    throw new UsageError(`${file} would not be read: a file is for --workload trace.`);
  for (const [name, whose] of Object.entries(ofWorkloads))
    if (typed(name) && !whose.includes(workload))
      throw new UsageError(
        `${long(name)} is for --workload ${whose.join(", ")}, and this is ${workload}. Leave it out.`,
      );
  const ownTimes = workload === "trace" ? ["rate", "burstiness", "ramp"].find(typed) : undefined;
  if (ownTimes) throw new UsageError(`A trace says when requests come. Leave ${long(ownTimes)} out.`);
  if (flags.ramp && typed("rate")) throw new UsageError("--ramp says the rate. Leave --rate out.");
  if (typed("burstiness") && !flags.ramp && flags.rate === Infinity)
    throw new UsageError("--burstiness is the shape of the gaps, and with --rate inf there are none. Give a --rate.");
  if (flags.api === "chat" && flags.prompts === "ids")
    throw new UsageError("A chat takes text, not token ids. Leave --prompts out, or --api.");
  if (against && flags.prompts === "text")
    throw new UsageError("--against gives both sides the same token ids. Leave --prompts out.");
  if (against && (url || typed("model") || typed("radix") || flags.api === "chat"))
    throw new UsageError(
      "--against starts both sides with a model of its own: no --url, --model, --radix or --api chat.",
    );
  if (url && typed("radix"))
    throw new UsageError("--radix starts servers; the one at --url has its own settings. Leave one of them out.");
  if (url && serverFlags.length > 0)
    throw new UsageError(`${serverFlags[0]} is for a server that is started, and --url names one that runs.`);
  if (typed("rounds") && radix !== "both" && !against)
    throw new UsageError("--rounds compares: it is for --radix both and --against.");
}

function address(text: string): string {
  if (/^https?:\/\/[^/]/.test(text)) return text;
  throw new InvalidArgumentError(
    `Write the whole address, such as http://${text.replace(/^\/+/, "") || "127.0.0.1:8000"}.`,
  );
}

function positive(text: string): number {
  const value = wholeNumber(text);
  if (value >= 1) return value;
  throw new InvalidArgumentError("It must be at least 1.");
}

function notNegative(text: string): number {
  const value = wholeNumber(text);
  if (value >= 0) return value;
  throw new InvalidArgumentError("It must be at least 0.");
}

function rate(text: string): number {
  const value = text === "inf" ? Infinity : Number(text);
  if (text.trim() !== "" && value > 0) return value;
  throw new InvalidArgumentError("It must be a number more than 0, or inf.");
}

function share(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && value >= 0 && value < 1) return value;
  throw new InvalidArgumentError("It must be at least 0 and less than 1.");
}

function ramp(text: string): Ramp {
  const found = /^(linear|exponential):([\d.]+):([\d.]+)$/.exec(text);
  const [from, to] = [Number(found?.[2]), Number(found?.[3])];
  if (found && from > 0 && to > 0) return { kind: found[1] as Ramp["kind"], from, to };
  throw new InvalidArgumentError(
    "Write linear:1:8 or exponential:1:8, requests per second of the first and of the last.",
  );
}

function objective(text: string, before: Objectives | undefined): Objectives {
  const found = /^(ttft|tpot|e2el):([\d.]+)$/.exec(text);
  const value = Number(found?.[2]);
  if (found && value > 0) return { ...before, [found[1]]: value };
  throw new InvalidArgumentError("Write ttft:500, tpot:50 or e2el:3000, in milliseconds.");
}

function percentiles(text: string): number[] {
  const values = text.split(",").map(Number);
  if (values.every((value) => value >= 0 && value <= 100) && !/(^|,)\s*(,|$)/.test(text)) return values;
  throw new InvalidArgumentError("Write numbers from 0 to 100, such as 50,90,99.");
}
