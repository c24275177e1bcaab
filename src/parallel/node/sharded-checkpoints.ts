/**
 * Checkpoints that many ranks write and any number of ranks loads: a folder for each saved step, beside those of
 * `saveTraining`, with one file from each rank and an index. Each is whole or not there.
 */
import {
  type Checkpoint,
  type CheckpointOptions,
  latestCheckpoint,
  prepareCheckpoint,
  removeOld,
} from "../../models/node/checkpoints.ts";
import { beginDirectory, endDirectory } from "../../models/node/directory.ts";
import { nodeFiles } from "../../models/node/file-system.ts";
import { filesOf } from "../../models/node/load.ts";
import { makeFolder } from "../../platform/node/files.ts";
import type { ProcessGroup } from "../../world/index.ts";
import { agree, type Meeting } from "../checkpoint/agree.ts";
import { type Restored, restoreShards } from "../checkpoint/restore.ts";
import type { Trained } from "../checkpoint/snapshot.ts";
import { attempt, type ShardedRun, type ShardedWriteOptions, type Taken, take, writeTogether } from "./write-shards.ts";

/** Checkpoints of a run, in one folder that every rank reaches. */
export class ShardedCheckpoints {
  /** Where they lie. */
  readonly folder: string;
  readonly #group: Meeting;
  readonly #options: CheckpointOptions;
  /** The save before: two at once would mix up their messages. */
  #last: Promise<unknown> = Promise.resolve();

  /** @param group that nothing else sends on, since a save goes on beside the training. */
  constructor(group: Meeting, folder: string, options: CheckpointOptions = {}) {
    this.#group = group;
    this.folder = folder;
    this.#options = options;
  }

  /**
   * Makes the folder, and a group of all ranks for its own messages. All ranks call it.
   * @param folder on a disk that all ranks share.
   * @throws Error with the system's reason, on every rank.
   */
  static async open(world: ProcessGroup, folder: string, options: CheckpointOptions = {}): Promise<ShardedCheckpoints> {
    const group = (await world.split(0, world.rank)) as ProcessGroup;
    await agree(group, () => {
      if (group.rank === 0) makeFolder(folder);
      return null;
    });
    return new ShardedCheckpoints(group, folder, options);
  }

  /**
   * Saves a step. All ranks call it, between steps. The copy is taken before it returns its promise: what is trained after
   * that is not in it. It needs room on the device for that copy until it is written.
   * @returns when the checkpoint is on the disk, on every rank. Saves are written one after the other.
   * @throws Error, on every rank, for a full disk or another failure of it on any: the checkpoints before are still there.
   *   RangeError for steps, states, or parts of parameters in which ranks contradict each other; OutOfMemoryError.
   */
  save(step: number, run: ShardedRun, options: ShardedWriteOptions = {}): Promise<Checkpoint> {
    const taken = attempt(() => take(step, run, options));
    const saved = this.#last.then(() => this.#write(taken));
    this.#last = saved.catch(() => {}); // whoever saved is told
    return saved;
  }

  /** The newest checkpoint that is whole; undefined where there is none. All ranks call it, and get the same. */
  async latest(): Promise<Checkpoint | undefined> {
    await this.#last;
    const [found] = await agree(this.#group, async () =>
      this.#group.rank === 0 ? ((await latestCheckpoint(this.folder, this.#options.system)) ?? null) : null,
    );
    return found ?? undefined;
  }

  /**
   * Reads a checkpoint into a model on any layout, and into its optimizer. All ranks call it.
   * @param checkpoint such as `latest()`; or the folder of one.
   * @throws what restoreShards throws.
   */
  async restore(checkpoint: Checkpoint | string, trained: Trained): Promise<Restored> {
    await this.#last;
    const folder = typeof checkpoint === "string" ? checkpoint : checkpoint.folder;
    return restoreShards(this.#group, filesOf(folder), trained);
  }

  async #write(attempted: () => Taken): Promise<Checkpoint> {
    const { system = nodeFiles } = this.#options;
    const folder = await writeTogether(this.#group, attempted, system, {
      begin: async ({ step }) => {
        const path = await prepareCheckpoint(this.folder, step, this.#options);
        return { folder: path, part: await beginDirectory(path, system) };
      },
      end: async (path, part) => {
        await endDirectory(path, part, system);
        await removeOld(this.folder, path, this.#options);
      },
    });
    return { step: attempted().step, folder };
  }
}
