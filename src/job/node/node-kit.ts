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

export const nodeKit: ThreadKit = {
  platform: nodePlatform,
  /** Each thread is used once, but in a suite that starts thousands. */
  spawn: (...start) => (process.env.WORLDSIZE_THREADS === "reused" ? reused.spawn : once)(...start),
  now: () => timeOrigin + performance.now(),
  openBlas: (choice, memory) => new NativeBlas(choice, memory),
  openYield: () => openYield(),
  openIoThread: ({ port, messageCount }, onStored, wrap) =>
    new IoPort(port as MessagePort, messageCount, onStored, wrap),
};
