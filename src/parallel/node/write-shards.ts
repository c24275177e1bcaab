/**
 * A folder that many ranks write, whole or not at all. They agree on a plan; all write into a folder aside, and every file
 * reaches the disk; when all have, the first rank adds the index and gives the folder its name. A kill at any moment leaves
 * what was there before.
 */
import { resolve } from "node:path";
import { parseStrictJson } from "../../models/files/strict-json.ts";
import { Decoder, type DecoderConfig } from "../../models/index.ts";
import { listOf } from "../../models/node/checkpoints.ts";
import { addFile, removeQuietly } from "../../models/node/directory.ts";
import type { FileSystem } from "../../models/node/file-system.ts";
import { configText, type WriteOptions } from "../../models/node/save.ts";
import { agree, type Meeting } from "../checkpoint/agree.ts";
import { INDEX, shardName, writeIndex } from "../checkpoint/index-file.ts";
import { type PlannedParameter, planShards } from "../checkpoint/plan.ts";
import { type Snapshot, shardOf, type Trained, takeSnapshot } from "../checkpoint/snapshot.ts";
import { checkAlike, digestOf } from "../checkpoint/state.ts";

/** What is saved. */
export interface ShardedRun extends Trained {
  /**
   * Whatever else the run needs to go on: plain data, and the same on every rank. Nothing of one rank alone, since another
   * number of ranks may go on: not where each rank stands in its data, but how many samples all have taken.
   */
  readonly state: Readonly<Record<string, unknown>>;
  /** Of the whole model, which makes it exportable: the model's own if it is a `Decoder`. */
  readonly config?: DecoderConfig;
}

/** What goes with the model, as `writeModel` takes it. */
export type ShardedWriteOptions = Pick<WriteOptions, "config" | "files">;

/** What a rank has to write, all of the moment of a call. */
export interface Taken {
  readonly step: number;
  readonly snapshot: Snapshot;
  readonly hasOptimizer: boolean;
  /** JSON. */
  readonly state: string;
  readonly config: string | undefined;
  readonly files: Readonly<Record<string, string | Uint8Array>>;
}

/** What the first rank does before and after all write. */
export interface Around {
  /** Makes the folder aside in which all write. @param folder what it will be, for messages. */
  readonly begin: (taken: Taken) => Promise<{ readonly folder: string; readonly part: string }>;
  /** Takes the folder aside, which is whole now, to where it belongs; what is left of it is removed. */
  readonly end: (folder: string, part: string) => Promise<void>;
}

/** Takes the copies of a rank. @throws as `ShardedCheckpoints.save` does. */
export function take(step: number, run: ShardedRun, { config: more, files = {} }: ShardedWriteOptions): Taken {
  const { model, state, config = model instanceof Decoder ? model.config : undefined } = run;
  const text = JSON.stringify(state);
  parseStrictJson("The state", text); // what could not be read again is not written
  const [first] = model.parameters();
  const configFile = config && first ? configText(config, first.dtype, more) : undefined;
  const snapshot = takeSnapshot(run);
  return { step, snapshot, hasOptimizer: run.optimizer !== undefined, state: text, config: configFile, files };
}

/**
 * Writes a folder of shards, whole or not at all. All ranks of the group call it, and copies are freed.
 * @returns the folder, on every rank.
 */
export async function writeTogether(
  group: Meeting,
  attempted: () => Taken,
  system: FileSystem,
  { begin, end }: Around,
): Promise<string> {
  let part: string | undefined;
  let taken: Taken | undefined;
  try {
    const ranks = await agree(group, () => {
      taken = attempted();
      const { step, snapshot, hasOptimizer, state, config = null } = taken;
      return { holdings: snapshot.holdings, alike: digestOf({ step, hasOptimizer, config }, state) };
    });
    const own = taken as unknown as Taken;
    checkAlike(ranks.map(({ alike }) => alike));
    const plan = planShards(ranks.map(({ holdings }) => holdings));
    const [place] = await agree(group, async () => {
      if (group.rank !== 0) return null;
      const begun = await begin(own);
      part = begun.part;
      return begun;
    });
    const { folder, part: aside } = place as { folder: string; part: string };
    const sizes = await agree(group, () => writeShard(folder, aside, plan, group.rank, own.snapshot, system));
    own.snapshot.dispose();
    await agree(group, async () => {
      if (group.rank !== 0) return null;
      await finish(folder, aside, plan, own, sizes, system);
      await end(folder, aside);
      return null;
    });
    return folder;
  } finally {
    taken?.snapshot.dispose();
    if (part !== undefined) await removeQuietly(part, system);
  }
}

/** @returns bytes of this rank's file; 0 where it has none to write. */
async function writeShard(
  folder: string,
  part: string,
  plan: readonly PlannedParameter[],
  rank: number,
  snapshot: Snapshot,
  system: FileSystem,
): Promise<number> {
  const shard = shardOf(plan, rank, snapshot);
  if (!shard) return 0;
  if (!(await system.stat(part)))
    throw new Error(
      `${resolve(part)}, which rank 0 has made, is not there for rank ${rank}. Ranks have to write to one disk that all share.`,
    );
  await addFile(folder, part, { name: shardName(rank), chunks: shard.chunks }, system);
  return shard.size;
}

/** What goes with the model, then the index, then the list of all: the folder aside is whole then. */
async function finish(
  folder: string,
  part: string,
  plan: readonly PlannedParameter[],
  { step, hasOptimizer, state, config, files }: Taken,
  shards: readonly number[],
  system: FileSystem,
): Promise<void> {
  const sizes: Record<string, number> = Object.create(null);
  for (const [rank, size] of shards.entries()) if (size > 0) sizes[shardName(rank)] = size;
  const add = async (name: string, data: string | Uint8Array): Promise<void> => {
    const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
    sizes[name] = bytes.length;
    await addFile(folder, part, { name, chunks: [bytes] }, system);
  };
  if (config !== undefined) await add("config.json", config);
  for (const [name, data] of Object.entries(files)) await add(name, data);
  const head = { step, hasOptimizer, hasConfig: config !== undefined, files: Object.keys(files), state };
  await add(INDEX, writeIndex(head, plan));
  await addFile(folder, part, listOf(sizes), system);
}

/** What a function returns or throws, for whoever asks later. */
export function attempt<R>(body: () => R): () => R {
  try {
    const result = body();
    return () => result;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}
