/** What writing a model needs of a disk: few steps, each of which may fail or be the last. Node's own, and an interface for tests. */
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";

/** Bytes that are written at once: Node takes no more than 2 GiB. */
const MOST_AT_ONCE = 1 << 28;

/** A file that is being written. */
export interface OpenFile {
  write(bytes: Uint8Array): Promise<void>;
  /** Waits until its bytes are on the disk. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** A file system, and the processes that write to it. Failures have a `code` as Node's have. */
export interface FileSystem {
  makeFolder(path: string): Promise<void>;
  /** Names in a folder; undefined where there is no folder. */
  list(path: string): Promise<string[] | undefined>;
  /** Bytes of a file and when it was changed, in ms since 1970; undefined where there is nothing. */
  stat(path: string): Promise<{ size: number; modified: number; isFolder: boolean } | undefined>;
  /** A new file. */
  create(path: string): Promise<OpenFile>;
  /** A small file's bytes. */
  readAll(path: string): Promise<Uint8Array>;
  /** Waits until a folder's entries are on the disk. */
  syncFolder(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Removes a file or a folder with all that is in it. */
  remove(path: string): Promise<void>;
  /** This process. */
  readonly pid: number;
  /** When this process was started, in ms since 1970. */
  readonly started: number;
  isAlive(pid: number): boolean;
}

class NodeFile implements OpenFile {
  readonly #handle: FileHandle;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; )
      at += (await this.#handle.write(bytes, at, Math.min(bytes.length - at, MOST_AT_ONCE))).bytesWritten;
  }

  sync(): Promise<void> {
    return this.#handle.sync();
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

/** Codes of a file system or a Windows that cannot sync a folder; there is nothing to be done about it. */
const noFolderSync = ["EINVAL", "ENOTSUP", "EISDIR", ...(process.platform === "win32" ? ["EPERM", "EACCES"] : [])];

/** The disk. */
export const nodeFiles: FileSystem = {
  async makeFolder(path) {
    await mkdir(path);
  },
  list: (path) => orUndefined(readdir(path)),
  async stat(path) {
    const found = await orUndefined(stat(path));
    return found && { size: found.size, modified: found.mtimeMs, isFolder: found.isDirectory() };
  },
  create: async (path) => new NodeFile(await open(path, "wx")),
  async readAll(path) {
    const handle = await open(path);
    try {
      return await handle.readFile();
    } finally {
      await handle.close();
    }
  },
  async syncFolder(path) {
    let handle: FileHandle | undefined;
    try {
      handle = await open(path);
      await handle.sync();
    } catch (error) {
      if (!noFolderSync.includes(codeOf(error))) throw error;
    } finally {
      await handle?.close();
    }
  },
  rename,
  remove: (path) => rm(path, { recursive: true, force: true }),
  pid: process.pid,
  started: Date.now() - process.uptime() * 1000,
  isAlive(pid) {
    try {
      process.kill(pid, 0);
      return true;
    } catch (error) {
      return codeOf(error) === "EPERM";
    }
  },
};

/** The code of what a file system threw; "" if it has none. */
export function codeOf(error: unknown): string {
  return String((error as { code?: unknown } | undefined)?.code ?? "");
}

async function orUndefined<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found;
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(codeOf(error))) return undefined;
    throw error;
  }
}
