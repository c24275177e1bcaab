/** What the threads of a job have in Node. */
import type { MessagePort } from "node:worker_threads";
import { nodePlatform } from "../../platform/node/node.ts";
import { reusedThreads } from "../../platform/node/reused-threads.ts";
import { nodeSpawn } from "../../platform/node/threads.ts";
import { openYield } from "../../platform/node/yield.ts";
import type { ThreadKit } from "../kit.ts";
import { NativeBlas } from "./blas/native.ts";
import { IoPort } from "./processes/io-port.ts";
import { workerFile } from "./worker-file.ts";

const { timeOrigin } = performance;

const once = nodeSpawn(workerFile("thread"));
const reused = reusedThreads(workerFile("thread"));

/** Threads started here that have not ended, where they are used again. */
export const busyThreads = (): number => reused.busy();

/** Starts threads ahead for the next runs of a check, so that they load while the first ones go on. */
export function readyThreads(count: number): void {
  if (isUsedAgain(LOCKED)) reused.ready(LOCKED, count);
}

/** The role of ranks whose program is locked up. */
const LOCKED = "locked rank";

/**
 * Threads are used once, but where a program could change nothing in them that the next run would find: a
 * check has twenty runs. And in a suite that starts thousands.
 */
function isUsedAgain(role: string): boolean {
  const wish = process.env.WORLDSIZE_THREADS;
  return wish === "reused" || (role === LOCKED && wish !== "once");
}

export const nodeKit: ThreadKit = {
  platform: nodePlatform,
  spawn: (role, ...start) => (isUsedAgain(role) ? reused.spawn : once)(role, ...start),
  now: () => timeOrigin + performance.now(),
  openBlas: (choice, memory) => new NativeBlas(choice, memory),
  openYield: () => openYield(),
  openIoThread: ({ port, messageCount }, onStored, wrap) =>
    new IoPort(port as MessagePort, messageCount, onStored, wrap),
};
