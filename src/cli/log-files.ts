/** `launch --log-dir`: a file per rank, for what it shows and what its process prints. */
import { closeSync, constants, fstatSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { makeFolder } from "../platform/node/files.ts";
import { UsageError } from "./scripts.ts";

/** Without O_NONBLOCK, opening a pipe waits until somebody reads it. */
const APPEND = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | (constants.O_NONBLOCK ?? 0);

/** What to do about a folder that does not serve. */
const ADVICE = "Give another folder with --log-dir.";

export class LogFiles {
  readonly #folder: string;
  readonly #warn: (line: string) => void;
  readonly #files = new Map<number, number>();
  #incomplete = false;

  /**
   * Logs of earlier jobs in the folder are continued.
   * @param ranks whose files are opened now; those of others when they are first used.
   * @param warn is told once that the logs are incomplete.
   * @throws UsageError when the folder or one of the files cannot be made.
   */
  constructor(folder: string, ranks: number, warn: (line: string) => void) {
    this.#folder = folder;
    this.#warn = warn;
    try {
      makeFolder(folder);
    } catch (error) {
      throw new UsageError(`The folder for logs could not be made: ${(error as Error).message}. ${ADVICE}`);
    }
    for (let rank = 0; rank < ranks; rank++) this.file(rank);
  }

  /** The descriptor of a rank's file. @throws UsageError when it cannot be opened. */
  file(rank: number): number {
    let file = this.#files.get(rank);
    if (file === undefined) {
      file = this.#open(rank);
      this.#files.set(rank, file);
    }
    return file;
  }

  /**
   * Writes what a rank shows or prints; never throws.
   * @param rank -1 for what ranks print that share a thread: it goes to the log of rank 0.
   */
  write(rank: number, text: string | Uint8Array): void {
    try {
      const file = this.file(Math.max(0, rank));
      const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
      for (let from = 0; from < bytes.length; ) from += writeSync(file, bytes, from);
    } catch (error) {
      if (!this.#incomplete)
        this.#warn(`The logs in ${this.#folder} are incomplete from here on: ${(error as Error).message}.`);
      this.#incomplete = true;
    }
  }

  close(): void {
    for (const file of this.#files.values()) {
      try {
        closeSync(file);
      } catch (error) {
        this.#warn(`The logs may be incomplete: ${(error as Error).message}.`); // some network disks say so only now
      }
    }
  }

  #open(rank: number): number {
    const path = join(this.#folder, `rank-${rank}.log`);
    try {
      const file = openSync(path, APPEND, 0o666);
      const found = fstatSync(file);
      if (found.isFile() || found.isCharacterDevice()) return file;
      closeSync(file);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code !== "EISDIR" && code !== "ENXIO") {
        throw new UsageError(`The log of rank ${rank} could not be opened: ${message}. ${ADVICE}`);
      }
    }
    throw new UsageError(
      `The log of rank ${rank} cannot be written to ${path}: it exists and is not a file. ${ADVICE}`,
    );
  }
}
