/** What training on many ranks does with files: sharded checkpoints, and plain models made of them. Node only. */
export type { Meeting } from "../checkpoint/agree.ts";
export type { Restored } from "../checkpoint/restore.ts";
export type { Trained } from "../checkpoint/snapshot.ts";
export { exportCheckpoint, exportModel } from "./export.ts";
export { ShardedCheckpoints } from "./sharded-checkpoints.ts";
export type { ShardedRun, ShardedWriteOptions } from "./write-shards.ts";
