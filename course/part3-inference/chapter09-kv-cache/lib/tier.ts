// A tier of memory below the device: the host's, or a folder on a disk. And how long a prefix takes back from there, beside being run again.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DiskPages } from "worldsize/files";
import { HostPages, type ModelRunner, type PageStore } from "worldsize/serve";

/** Where evicted pages go. */
export const tierNames = ["none", "host", "disk"] as const;
export type TierName = (typeof tierNames)[number];

/** A tier that is open. */
export interface Tier {
  readonly store: PageStore | undefined;
  /** Waits until all is there that was put so far. */
  settle(): Promise<void>;
  /** Gives its memory or its files up. */
  close(): Promise<void>;
}

const nothing = async (): Promise<void> => {};

/** Opens an empty tier. @param most bytes that it keeps. */
export async function openTier(
  name: TierName,
  { pageSize, pageBytes, most }: { readonly pageSize: number; readonly pageBytes: number; readonly most: number },
): Promise<Tier> {
  if (name === "none") return { store: undefined, settle: nothing, close: nothing };
  if (name === "host") return { store: new HostPages(pageSize, most), settle: nothing, close: nothing };
  const folder = await mkdtemp(join(tmpdir(), "worldsize-pages-"));
  const store = await DiskPages.open({ folder, identity: "one run of one model", most, pageSize, pageBytes });
  return {
    store,
    settle: () => store.written,
    close: async () => {
      await store.written;
      await rm(folder, { recursive: true });
    },
  };
}

/** Milliseconds that a prefix takes, by both ways. */
export interface WaysBack {
  readonly pages: number;
  readonly bytes: number;
  readonly copied: number;
  readonly run: number;
}

const ROUNDS = 7;

/**
 * Runs a prefix, puts its pages into a tier, and brings them back, some times each. It writes into the first pages of the
 * runner's memory: for the end, when no engine needs them. @returns medians, or undefined where the tier has no room for it.
 */
export async function timeWaysBack(
  runner: ModelRunner,
  { store, settle }: Tier,
  prefix: readonly number[],
  { pageSize, now }: { readonly pageSize: number; readonly now: () => number },
): Promise<WaysBack | undefined> {
  const pages = Array.from({ length: Math.floor(prefix.length / pageSize) }, (_, page) => page);
  const tokens = prefix.slice(0, pages.length * pageSize);
  if (!store || pages.length === 0) return undefined;
  const runs: number[] = [];
  const copies: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const begun = now();
    await runner.run({ copies: [], rows: [{ tokens, start: 0, pages, draws: [] }] });
    runs.push(now() - begun);
  }
  await settle(); // what an engine has put comes first
  const computed = await runner.memory.readPages(pages);
  for (const page of pages) store.put(tokens.slice(0, (page + 1) * pageSize), computed[page]);
  await settle();
  for (let round = 0; round < ROUNDS; round++) {
    const begun = now();
    const came: Uint8Array[] = [];
    for (const page of pages) {
      const bytes = await store.get(tokens, page);
      if (!bytes) return undefined;
      came.push(bytes);
    }
    runner.memory.writePages(pages, came);
    await runner.memory.readPages(pages.slice(-1)); // what was written has arrived
    copies.push(now() - begun);
  }
  return {
    pages: pages.length,
    bytes: pages.length * runner.memory.pageBytes,
    copied: median(copies),
    run: median(runs),
  };
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
