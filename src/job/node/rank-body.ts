/** What a thread of ranks has of Node: its streams, its uncaught errors, its exit. */
import { hostname } from "node:os";
import { threadId } from "node:worker_threads";
import type { Place } from "../../script/define.ts";
import { blasName, formatChoice } from "../blas-choice.ts";
import type { RankBody } from "../roles/rank.ts";
import type { RankStart } from "../start.ts";
import { capture } from "./output.ts";

/** Resources of a thread that are the job's, not its program's. */
const ours: ReadonlySet<string> = new Set(["MessagePort", "Worker", "CloseReq"]);

export const nodeBody: RankBody = {
  place: placeOf,
  env: process.env,
  capture,
  onUncaught(fail) {
    process.on("uncaughtException", fail);
    process.on("unhandledRejection", (reason) => {
      if (process.listenerCount("unhandledRejection") === 1) fail(reason); // else the program deals with them itself
    });
  },
  onStill: (still) => void process.once("beforeExit", still),
  exitCode: () => Number(process.exitCode ?? 0) & 255,
  isIdle(timers) {
    const theirs = process.getActiveResourcesInfo().filter((resource) => !ours.has(resource));
    return theirs.every((resource) => resource === "Timeout") && theirs.length <= timers;
  },
  exit: () => process.exit(),
};

/** Where a rank lives, and how ranks reach each other. */
function placeOf({ transport, size, tcp, blas: report }: RankStart): Place {
  const members = tcp?.members.map(({ place }) => place);
  const here = hostname();
  const ranks = Array.from({ length: size }, (_, rank) => ({
    host: members?.[rank].host.split("/")[0] ?? here,
    process: tcp?.members[rank].pid ?? process.pid,
  }));
  const reach: Place["reach"] = (from, to) => {
    if (transport !== "tcp") return transport;
    const near = members?.[from].host === members?.[to].host && !tcp?.onlyTcp;
    return near && members?.[to].path !== undefined ? "unix" : "tcp";
  };
  const { choice, reason } = report;
  const blas = choice ? { name: blasName(choice), pin: formatChoice(choice) } : { reason };
  return { process: process.pid, thread: threadId, transport, ranks, blas, reach };
}
