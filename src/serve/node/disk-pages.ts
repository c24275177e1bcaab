/**
 * Pages in files of one folder: the lowest tier. Each file says itself which tokens it is of and ends with a checksum, so that
 * what is cut short, damaged, or somebody else's is not there, and never wrong. A manifest says what the folder belongs to: for
 * another model, or another form of keys and values, it begins empty. Refuses: to wait for the disk in `put`, and to fail
 * because of it. The checksum finds accidents, not forgers: the folder is to be its owner's alone.
 */
import { createHash, randomUUID } from "node:crypto";
import * as fs from "node:fs/promises";
import { join } from "node:path";
import { PageIndex } from "../pages/page-index.ts";
import type { PageStore } from "../pages/page-store.ts";
import { type PageForm, readHeader, readPage, writePage } from "./page-file.ts";

/** Most pages that wait to be written; what comes then is not kept. */
const WAITING = 64;
const OWN = /^page-[\da-f-]{36}\.(bin|part)$/;

/** What of the file system it needs; tests hand in one that fails. */
export type PageFiles = Pick<typeof fs, "mkdir" | "open" | "readdir" | "readFile" | "rename" | "rm" | "writeFile">;

/** What a folder of pages is. */
export interface DiskPagesOptions extends PageForm {
  readonly folder: string;
  /** What keys and values depend on besides tokens: the model's weights and the form in which pages hold them. */
  readonly identity: string;
  /** Most bytes of all files. */
  readonly most: number;
  readonly files?: PageFiles;
}

interface Entry {
  readonly name: string;
  readonly bytes: number;
}

/** A folder as a tier. */
export class DiskPages implements PageStore {
  readonly #options: DiskPagesOptions;
  readonly #files: PageFiles;
  readonly #index: PageIndex<Entry>;
  #bytes = 0;
  #waiting = 0;
  #lost = 0;
  /** All writing so far, one after the other. */
  #written: Promise<void> = Promise.resolve();

  private constructor(options: DiskPagesOptions) {
    this.#options = options;
    this.#files = options.files ?? fs;
    this.#index = new PageIndex(options.pageSize);
  }

  /** Opens a folder, and makes it if there is none. @throws Error of the file system if that cannot be. */
  static async open(options: DiskPagesOptions): Promise<DiskPages> {
    const pages = new DiskPages(options);
    await pages.#files.mkdir(options.folder, { recursive: true, mode: 0o700 });
    await pages.#readFolder();
    return pages;
  }

  /** Bytes of its files. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Pages that could not be written, or could not be read again. */
  get lost(): number {
    return this.#lost;
  }

  /** When all is written that was put so far. */
  get written(): Promise<void> {
    return this.#written;
  }

  find(tokens: readonly number[], from: number, most: number): number {
    return this.#index.find(tokens, from, most);
  }

  put(tokens: readonly number[], bytes: Uint8Array): void {
    const { pageSize, pageBytes } = this.#options;
    if (bytes.length !== pageBytes || tokens.length === 0 || tokens.length % pageSize > 0) return;
    if (this.#index.find(tokens, tokens.length / pageSize - 1, 1) > 0) return; // the same tokens have the same page
    if (this.#waiting >= WAITING) {
      this.#lost++;
      return;
    }
    this.#waiting++;
    const file = writePage(tokens, bytes);
    this.#written = this.#written.then(() => this.#write(tokens, file));
  }

  async get(tokens: readonly number[], page: number): Promise<Uint8Array | undefined> {
    const entry = this.#index.get(tokens, page);
    if (!entry) return undefined;
    const own = tokens.slice(0, (page + 1) * this.#options.pageSize);
    const bytes = await this.#files.readFile(this.#path(entry.name)).then(
      (file) => readPage(file, own, this.#options),
      () => undefined,
    );
    if (!bytes && this.#index.get(tokens, page) === entry) {
      this.#index.delete(own);
      this.#lost++;
      await this.#remove(entry);
    }
    return bytes;
  }

  async #write(tokens: readonly number[], file: Uint8Array): Promise<void> {
    const name = `page-${randomUUID()}.bin`;
    const part = this.#path(name.replace(/bin$/, "part"));
    try {
      if (file.length > this.#options.most) return;
      while (this.#bytes + file.length > this.#options.most) {
        const oldest = this.#index.takeOldest();
        if (!oldest) break;
        await this.#remove(oldest.value);
      }
      await this.#files.writeFile(part, file, { mode: 0o600 });
      await this.#files.rename(part, this.#path(name));
      this.#add(tokens, { name, bytes: file.length });
    } catch {
      this.#lost++;
      await this.#files.rm(part, { force: true }).catch(() => {});
    } finally {
      this.#waiting--;
    }
  }

  #add(tokens: readonly number[], entry: Entry): void {
    const old = this.#index.delete(tokens);
    this.#index.set(tokens, entry);
    this.#bytes += entry.bytes;
    if (old) void this.#remove(old);
  }

  async #remove({ name, bytes }: Entry): Promise<void> {
    this.#bytes -= bytes;
    await this.#files.rm(this.#path(name), { force: true }).catch(() => {});
  }

  /** Takes in the pages that are there, if the folder is this model's; files that are no page's are left alone. */
  async #readFolder(): Promise<void> {
    const { identity, pageSize, pageBytes } = this.#options;
    const own = (await this.#files.readdir(this.#options.folder)).filter((name) => OWN.test(name));
    const manifest = JSON.stringify({ version: 1, identity: hashOf(identity), pageSize, pageBytes });
    const found = await this.#files.readFile(this.#path("worldsize-pages.json"), "utf8").catch(() => "");
    for (const name of own.sort()) {
      const header = found === manifest && name.endsWith(".bin") ? await this.#header(name) : undefined;
      if (header) this.#add(header.tokens, { name, bytes: header.bytes });
      else await this.#files.rm(this.#path(name), { force: true });
    }
    if (found !== manifest) await this.#files.writeFile(this.#path("worldsize-pages.json"), manifest, { mode: 0o600 });
  }

  async #header(name: string): Promise<{ tokens: number[]; bytes: number } | undefined> {
    try {
      const file = await this.#files.open(this.#path(name));
      try {
        return await readHeader(file, this.#options);
      } finally {
        await file.close();
      }
    } catch {
      return undefined;
    }
  }

  #path(name: string): string {
    return join(this.#options.folder, name);
  }
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
