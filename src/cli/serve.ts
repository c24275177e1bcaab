/** `worldsize serve`: a model behind OpenAI's protocol, on this machine's cores. */
import { statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { Command, Option } from "commander";
import pc from "picocolors";
import { type ServedFolder, type ServeFolderOptions, serveFolder } from "../api/node/serve-folder.ts";
import { Tape } from "../autograd/index.ts";
import { formatBytes } from "../device/index.ts";
import { openedBlas } from "../job/node/blas/choice.ts";
import { openDevice } from "../job/node/open-device.ts";
import { type KvDType, kvDTypes } from "../models/index.ts";
import { stopSignals } from "../platform/node/signals.ts";
import { weightDTypes } from "../serve/index.ts";
import { TensorDevice } from "../tensor/index.ts";
import { inspect, isError, visibleLines } from "../trace/text.ts";
import { isTyped } from "./ignored.ts";
import type { Output } from "./output.ts";
import { parse, strict, wholeNumber } from "./program-flags.ts";
import { root, UsageError } from "./scripts.ts";
import { printSizes } from "./serve-sizes.ts";

interface ServeFlags extends Pick<ServeFolderOptions, "dtype" | "host" | "name"> {
  readonly kvDtype: KvDType;
  readonly port: number;
  readonly kvTokens?: number;
  readonly pageSize: number;
  readonly maxTokens: number;
  readonly maxSequences: number;
  readonly maxWaiting: number;
  readonly timeout: number;
  readonly threads: number;
  readonly graphs?: number;
  readonly prefixCache: boolean;
  /** MiB. */
  readonly hostCache?: number;
  readonly diskCache?: string;
  /** MiB. */
  readonly diskCacheSize: number;
  readonly metricsPrefix: string;
  readonly apiKey?: string;
  readonly cors: string[];
  readonly allowHost: string[];
  readonly sizes?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

const MIB = 2 ** 20;
/** One wasm32 memory. */
const MEMORY = 2 ** 32;

/** Reads the command line of `worldsize serve`. @throws UsageError for flags that it has not. */
export function serveFlags(args: readonly string[]): {
  readonly folder: string | undefined;
  readonly flags: ServeFlags;
} {
  const several = (value: string, before: string[]): string[] => [...before, value];
  const command = strict(new Command("worldsize serve"))
    .description(
      "Serves a model by OpenAI's protocol: the one that ships with the course, or a folder from Hugging Face.",
    )
    .usage("[flags] [DIR]")
    .argument("[dir]", "a folder with config.json, tokenizer.json and safetensors of a Llama, Qwen or GPT-2 shape")
    .option("--port <number>", "0 takes one that is free", port, 8000)
    .option("--host <address>", "whom to listen to; 127.0.0.1 is this machine alone", "127.0.0.1")
    .option("--name <name>", "what clients call the model (default: the folder's name)")
    .addOption(new Option("--dtype <type>", "of the weights").choices([...weightDTypes]).default("f32"))
    .addOption(new Option("--kv-dtype <type>", "of keys and values").choices([...kvDTypes]).default("f32"))
    .option("--kv-tokens <count>", "tokens that there are keys and values for", positive)
    .option("--page-size <tokens>", "tokens of a page of keys and values", positive, 16)
    .option("--max-tokens <count>", "most tokens of a step: longer prompts are run in chunks", positive, 512)
    .option("--max-sequences <count>", "most sequences at a time", positive, 64)
    .option("--max-waiting <count>", "most requests that wait; others get 429", positive, 1024)
    .option("--timeout <seconds>", "how long a request may take", positive, 600)
    .option("--threads <count>", "threads that compute", positive, availableParallelism())
    .option("--graphs <count>", "most sequences of a captured step, 0 for none (default: as many as fit)", notNegative)
    .option("--no-prefix-cache", "keep no prefixes of earlier requests")
    .option(
      "--host-cache <MiB>",
      "keep prefixes that the pages have no room for in host memory, up to so much",
      positive,
    )
    .option("--disk-cache <folder>", "keep them, or what host memory has no room for, in files of a folder of your own")
    .option("--disk-cache-size <MiB>", "most of those files", positive, 1024)
    .option("--sizes", "print which public models fit into a process with these --kv-tokens and --kv-dtype, and end")
    .option("--metrics-prefix <text>", "of the names at /metrics; vllm: for boards made for vLLM", "worldsize:")
    .addOption(new Option("--api-key <key>", "asked for as a bearer token").env("WORLDSIZE_API_KEY"))
    .option("--cors <origin>", "pages of this origin may ask, too; may be repeated", several, [])
    .option("--allow-host <name>", "another name of this machine that clients may use; may be repeated", several, [])
    .option("--json", "print JSON lines")
    .option("--quiet", "print no line for each request");
  parse(command, args);
  const { prefixCache, hostCache, diskCache } = command.opts<ServeFlags>();
  if (!prefixCache && (hostCache !== undefined || diskCache !== undefined))
    throw new UsageError(
      "--host-cache and --disk-cache keep prefixes, and --no-prefix-cache keeps none. Leave one out.",
    );
  if (diskCache === undefined && isTyped(command, "diskCacheSize"))
    throw new UsageError("--disk-cache-size is for --disk-cache <folder>. Name one, or leave it out.");
  return { folder: command.processedArgs[0] as string | undefined, flags: command.opts<ServeFlags>() };
}

/** Runs until somebody stops it. @returns the exit code. */
export async function serveCommand(args: readonly string[], output: Output): Promise<number> {
  const { folder, flags } = serveFlags(args);
  if (flags.sizes) return printSizes(flags, output);
  const path = folder ?? join(root, "course/model-room/models/storyteller");
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory())
    throw new UsageError(`${path} is no folder. Name one with config.json, tokenizer.json and model.safetensors.`);
  const { threads } = flags;
  const write = (line: string, data: object): void =>
    output.write(flags.json ? `${JSON.stringify(data)}\n` : `${visibleLines(line)}\n`);
  const fail = (error: unknown): void => {
    process.stderr.write(`worldsize: ${visibleLines(isError(error) ? (error.stack ?? "") : inspect(error))}\n`);
  };
  const { choice: blas } = await openedBlas();
  const limits = { memory: MEMORY, quota: MEMORY, helpers: threads - 1, spins: spinsOf(threads) };
  const open = await openDevice({ blas, stream: "threaded", ...limits });
  const started = performance.now();
  let served: ServedFolder;
  try {
    served = await serveFolder(new TensorDevice(open.device, 0, new Tape()), path, {
      ...flags,
      hostCache: flags.hostCache && flags.hostCache * MIB,
      diskCacheSize: flags.diskCacheSize * MIB,
      page: join(root, "dist/page"),
      kvDType: flags.kvDtype,
      timeout: flags.timeout * 1000,
      origins: flags.cors,
      hosts: flags.allowHost,
      onError: fail,
      onRequest: ({ id, method, path: at, status, left, milliseconds }) => {
        if (flags.quiet) return;
        const line = `${method} ${at} ${status} ${milliseconds.toFixed(0)} ms${left ? ", the client left" : ""}`;
        write(line, { kind: "request", id, method, path: at, status, left, milliseconds });
      },
    });
  } catch (error) {
    await open.close();
    throw listenError(error, flags);
  }
  const { url, bytes, service } = served;
  const { name, positions } = service.model;
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const sizes = `weights ${formatBytes(bytes.weights)} in ${flags.dtype}, keys and values ${formatBytes(bytes.pages)} in ${flags.kvDtype}`;
  write(`${pc.bold(name)}: ${sizes},\n  ${positions} positions, ${threads} threads, read in ${seconds} s`, {
    kind: "model",
    name,
    dtype: flags.dtype,
    bytes,
    positions,
  });
  write(`listening on ${url}`, { kind: "listening", url });
  if (!flags.json) {
    write(`  ${pc.dim(`open it in a browser to talk to the model and to watch it; clients use /v1`)}`, {});
    write(`  ${pc.dim("Ctrl-C ends it")}`, {});
  }
  const code = await stopped(served, write);
  await open.close();
  return code;
}

/** Looks of a thread that has nothing to do, before it sleeps: some 0.1 ms, where each has a core; kernels come closer than that. */
export function spinsOf(threads: number): number {
  return threads <= availableParallelism() ? 20_000 : 200;
}

/** Waits for a signal, then until all that runs is finished; a second one aborts it. @returns the exit code. */
async function stopped(served: ServedFolder, write: (line: string, data: object) => void): Promise<number> {
  let closing: Promise<void> | undefined;
  return new Promise((resolve, reject) => {
    for (const { signal, exitCode } of stopSignals()) {
      process.on(signal, () => {
        const { open } = served.service.model.loop;
        if (!closing) {
          if (open.size > 0)
            write(`finishing what runs (${open.size} in flight); Ctrl-C again aborts it`, {
              kind: "closing",
              open: open.size,
            });
          closing = served.close();
          closing.then(() => resolve(exitCode), reject);
        } else void served.close({ abort: true });
      });
    }
  });
}

function listenError(error: unknown, { host, port: wanted }: ServeFlags): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === "EADDRINUSE")
    return new UsageError(`Port ${wanted} is taken. Choose another: --port 0 finds a free one.`);
  if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND")
    return new UsageError(`This machine has no address ${host}. 127.0.0.1 is always there.`);
  if (code === "EACCES") return new UsageError(`Port ${wanted} needs more rights than you have. Choose one from 1024.`);
  return error;
}

function positive(text: string): number {
  const value = wholeNumber(text);
  if (value < 1) throw new UsageError(`"${text}" is not a whole number from 1.`);
  return value;
}

function notNegative(text: string): number {
  const value = wholeNumber(text);
  if (value < 0) throw new UsageError(`"${text}" is not a whole number from 0.`);
  return value;
}

function port(text: string): number {
  const value = wholeNumber(text);
  if (value < 0 || value > 65_535) throw new UsageError(`"${text}" is no port: they are 0 to 65535.`);
  return value;
}
