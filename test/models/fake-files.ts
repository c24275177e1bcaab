/** A disk in memory that fails, stops or loses power at a step that the test chooses. */
import { basename, dirname } from "node:path";
import type { FileSystem, OpenFile } from "../../src/models/node/file-system.ts";

interface Folder {
  entries: Map<string, Entry>;
  /** What a power cut leaves. */
  durable: Map<string, Entry>;
}
interface File {
  bytes: number[];
  durable: number[];
}
type Entry = Folder | File;

export const isFolder = (entry: Entry): entry is Folder => "entries" in entry;

/** The process was ended at this step: nothing of it runs on. */
export class Stopped extends Error {}

/** What happens at the chosen step. */
export type Fault = "fails" | "stops";

export class FakeFiles implements FileSystem {
  readonly root: Folder = { entries: new Map(), durable: new Map() };
  readonly started = 0;
  pid = 1;
  readonly log: string[] = [];
  #steps = 0;
  #faultAt = Number.POSITIVE_INFINITY;
  #fault: Fault = "fails";
  #isDead = false;

  /** From now on, the step of this number fails or is the last. */
  arm(fault: Fault, at: number): void {
    [this.#fault, this.#faultAt, this.#steps] = [fault, at, 0];
  }

  /** Whether the fault has come. */
  get hasFailed(): boolean {
    return this.#steps > this.#faultAt;
  }

  /** Another process goes on with what is on the disk. */
  restart(): void {
    this.#faultAt = Number.POSITIVE_INFINITY;
    this.#isDead = false;
    this.pid++;
  }

  /** What was not synced is gone; entries of folders stay where the disk was eager to write them. */
  cutPower(eager: boolean): void {
    const visit = (entry: Entry): void => {
      if (!isFolder(entry)) {
        entry.bytes = [...entry.durable];
        return;
      }
      if (!eager) entry.entries = new Map(entry.durable);
      for (const inner of entry.entries.values()) visit(inner);
    };
    visit(this.root);
  }

  isAlive(pid: number): boolean {
    return pid === this.pid;
  }

  async makeFolder(path: string): Promise<void> {
    this.#step("makeFolder", path);
    this.#parent(path).entries.set(basename(path), { entries: new Map(), durable: new Map() });
  }

  async list(path: string): Promise<string[] | undefined> {
    this.#step("list", path, false);
    const entry = this.#find(path);
    return entry && isFolder(entry) ? [...entry.entries.keys()] : undefined;
  }

  async stat(path: string) {
    this.#step("stat", path, false);
    const entry = this.#find(path);
    return entry && { size: isFolder(entry) ? 0 : entry.bytes.length, modified: Date.now(), isFolder: isFolder(entry) };
  }

  async create(path: string): Promise<OpenFile> {
    this.#step("create", path);
    const file: File = { bytes: [], durable: [] };
    this.#parent(path).entries.set(basename(path), file);
    return {
      write: async (bytes) => {
        file.bytes.push(...bytes.subarray(0, bytes.length >> 1)); // a failing write has written some
        this.#step("write", path);
        file.bytes.push(...bytes.subarray(bytes.length >> 1));
      },
      sync: async () => {
        this.#step("sync", path);
        file.durable = [...file.bytes];
      },
      close: async () => this.#step("close", path),
    };
  }

  async readAll(path: string): Promise<Uint8Array> {
    this.#step("readAll", path, false);
    return new Uint8Array((this.#find(path) as File).bytes);
  }

  async syncFolder(path: string): Promise<void> {
    this.#step("syncFolder", path);
    const folder = this.#find(path) as Folder;
    folder.durable = new Map(folder.entries);
  }

  async rename(from: string, to: string): Promise<void> {
    this.#step("rename", `${from} ${to}`);
    const target = this.#find(to);
    if (target && isFolder(target) && target.entries.size > 0)
      throw Object.assign(new Error("ENOTEMPTY"), { code: "ENOTEMPTY" });
    const entry = this.#find(from);
    if (!entry) throw Object.assign(new Error("ENOENT"), { code: "ENOENT" });
    this.#parent(from).entries.delete(basename(from));
    this.#parent(to).entries.set(basename(to), entry);
  }

  async remove(path: string): Promise<void> {
    const entry = this.#find(path);
    if (entry && isFolder(entry)) for (const name of [...entry.entries.keys()]) await this.remove(`${path}/${name}`);
    this.#step("remove", path);
    this.#parent(path)?.entries.delete(basename(path));
  }

  #step(what: string, path: string, mayFail = true): void {
    if (this.#isDead) throw new Stopped();
    this.log.push(`${what} ${path}`);
    if (!mayFail && this.#fault === "fails") return; // reading needs no room
    if (this.#steps++ !== this.#faultAt) return;
    if (this.#fault === "fails") {
      throw Object.assign(new Error(`ENOSPC: no space left on device, ${what} '${path}'`), { code: "ENOSPC" });
    }
    this.#isDead = true;
    throw new Stopped();
  }

  #find(path: string): Entry | undefined {
    let at: Entry | undefined = this.root;
    for (const name of path.split("/").filter(Boolean)) at = at && isFolder(at) ? at.entries.get(name) : undefined;
    return at;
  }

  #parent(path: string): Folder {
    return this.#find(dirname(path)) as Folder;
  }
}
