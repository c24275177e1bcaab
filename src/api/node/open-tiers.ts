/** The tiers below a served model's pages: host memory, then files that stay there over restarts. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { HostPages, type PageStore } from "../../serve/index.ts";
import { DiskPages } from "../../serve/node/index.ts";

/** Which tiers there are. */
export interface TierOptions {
  /** Most bytes of pages in host memory; none are kept there if not given. */
  readonly hostCache?: number;
  /** A folder for pages as files, which only its owner may be able to read; none are kept if not given. */
  readonly diskCache?: string;
  /** Most bytes of those files; 1 GiB if not given. */
  readonly diskCacheSize?: number;
}

/** What pages are like, and what they are of. */
export interface PagesOf {
  /** The model's. */
  readonly folder: string;
  readonly pageSize: number;
  readonly pageBytes: number;
  /** What else keys and values depend on. */
  readonly dtypes: string;
}

/** Tiers that are open. */
export interface OpenTiers {
  /** None where no tier was asked for. */
  readonly store: PageStore | undefined;
  /** Waits until all is written. */
  close(): Promise<void>;
}

/** Opens what was asked for. @throws Error of the file system for a folder that cannot be had. */
export async function openTiers(
  { hostCache, diskCache, diskCacheSize = 2 ** 30 }: TierOptions,
  pages: PagesOf,
): Promise<OpenTiers> {
  const { pageSize, pageBytes, folder, dtypes } = pages;
  let disk: DiskPages | undefined;
  if (diskCache !== undefined) {
    const identity = `${await hashOf(folder)} ${dtypes}`;
    disk = await DiskPages.open({ folder: diskCache, pageSize, pageBytes, identity, most: diskCacheSize });
  }
  const store = hostCache === undefined ? disk : new HostPages(pageSize, hostCache, disk);
  return {
    store,
    async close() {
      await disk?.written;
    },
  };
}

/** A number for all that a model's folder has of weights and forms: pages of another model are worth nothing. */
async function hashOf(folder: string): Promise<string> {
  const hash = createHash("sha256");
  const names = (await readdir(folder)).filter((name) => /\.(json|safetensors)$/.test(name)).sort();
  for (const name of names) {
    hash.update(`${name}\0`);
    for await (const bytes of createReadStream(join(folder, name))) hash.update(bytes as Buffer);
  }
  return hash.digest("hex");
}
