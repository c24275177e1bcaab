/** What the threads of a job have in Node. */
import type { MessagePort } from "node:worker_threads";
import { nodePlatform } from "../../platform/node/node.ts";
import { nodeSpawn } from "../../platform/node/threads.ts";
import { openYield } from "../../platform/node/yield.ts";
import type { ThreadKit } from "../kit.ts";
import { NativeBlas } from "./blas/native.ts";
import { IoPort } from "./processes/io-port.ts";
import { workerFile } from "./worker-file.ts";

const { timeOrigin } = performance;

export const nodeKit: ThreadKit = {
  platform: nodePlatform,
  spawn: nodeSpawn(workerFile("thread")),
  now: () => timeOrigin + performance.now(),
  openBlas: (choice, memory) => new NativeBlas(choice, memory),
  openYield: () => openYield(),
  openIoThread: ({ port, messageCount }, onStored, wrap) =>
    new IoPort(port as MessagePort, messageCount, onStored, wrap),
};
