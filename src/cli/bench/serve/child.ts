/** Processes that a bench starts: a server, which is ended with it, and programs, which run to their end. */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { endOf } from "../../../platform/node/signals.ts";
import { root, UsageError } from "../../scripts.ts";

/** A server that runs. */
export interface Started {
  readonly url: string;
  /** Ends it. */
  stop(): Promise<void>;
}

/** Milliseconds that it has to end by itself. */
const PATIENCE = 5000;
/** Characters of what it printed that an error repeats. */
const TAIL = 2000;

/** The command that starts our server on a port that is free. */
export function serveCommand(flags: readonly string[]): string[] {
  return [process.execPath, join(root, "bin/worldsize.mjs"), "serve", ...flags, "--port", "0", "--quiet"];
}

/**
 * Starts a server, and waits until it says that it listens.
 * @throws UsageError with what it printed, if it ends before; the signal's reason, if that comes first.
 */
export async function startServer([file, ...args]: readonly string[], signal?: AbortSignal): Promise<Started> {
  const child = spawn(file, args, { stdio: ["ignore", "pipe", "pipe"] });
  const kill = (): void => void child.kill("SIGKILL");
  process.once("exit", kill);
  const gone = ended(child).then((how) => {
    process.off("exit", kill);
    return how;
  });
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    const timer = setTimeout(kill, PATIENCE);
    await gone;
    clearTimeout(timer);
  };
  try {
    return { url: await listening(child, gone, signal), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** How it ended, in words. */
function ended(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once("error", (error) => resolve(`could not be started: ${error.message}`));
    child.once("close", (code, signal) => resolve(endOf(code, signal).detail));
  });
}

/** The address that it prints. */
function listening(child: ChildProcess, gone: Promise<string>, signal?: AbortSignal): Promise<string> {
  let printed = "";
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal?.reason);
    if (signal?.aborted) stop();
    signal?.addEventListener("abort", stop);
    const look = (data: unknown): void => {
      printed = `${printed}${String(data)}`.slice(-TAIL);
      const url = /listening on (https?:\/\/\S+)/.exec(printed)?.[1];
      if (url) resolve(url);
    };
    child.stdout?.on("data", look);
    child.stderr?.on("data", look);
    void gone.then((how) =>
      reject(new UsageError(`The server ${how}, and had printed:\n${printed.trim() || "(nothing)"}`)),
    );
  });
}

/** Runs a program of Node's to its end. @returns what it printed. @throws Error with what it complained of. */
export function printed(command: readonly string[], input: string, signal: AbortSignal): Promise<string> {
  const child = spawn(process.execPath, command, { stdio: "pipe", signal, killSignal: "SIGKILL" });
  let [out, err] = ["", ""];
  child.stdout.on("data", (data) => void (out += String(data)));
  child.stderr.on("data", (data) => void (err += String(data)));
  child.stdin.on("error", () => {}); // it has ended; how, its exit code says
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0) resolve(out);
      else reject(new Error(`${command[0]} ended with exit code ${code}:\n${err.trim().slice(-2000)}`));
    });
  });
}
