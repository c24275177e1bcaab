/** What every thread of a job runs in Node: it plays the role that it was started for. */
import { lockdown } from "../../platform/lockdown.ts";
import { playRoles } from "../../platform/node/reused-threads.ts";
import { currentRole } from "../../platform/node/threads.ts";
import type { Port } from "../../platform/threads.ts";
import { playCommunication } from "../roles/communication.ts";
import { playHelper } from "../roles/helper.ts";
import { playRank, type RankBody } from "../roles/rank.ts";
import { playStream } from "../roles/stream.ts";
import { busyThreads, nodeKit } from "./node-kit.ts";
import { nodeBody } from "./rank-body.ts";

type Play = (start: never, port: Port, body: RankBody) => void | Promise<void>;

const roles: Readonly<Record<string, Play>> = {
  rank(start, port, body) {
    process.setSourceMapsEnabled(true);
    Reflect.set(Error, "stackTraceLimit", 40); // deep enough to reach the program from inside the library
    return playRank(start, port as never, nodeKit, body);
  },
  "locked rank": (start, port, body) => roles.rank(start, port, body),
  communication: (start, port) => playCommunication(start, port as never, nodeKit),
  stream: (start, port) => playStream(start, port as never, nodeKit),
  helper: (start) => playHelper(start, nodeKit),
};

const current = currentRole();
/** What a thread stays, whatever it plays. */
function prepare(role: string): void {
  if (role === "locked rank") lockdown();
}

if (current) {
  prepare(current.role);
  await roles[current.role](current.start as never, current.port, nodeBody);
} else {
  playRoles(
    (role, start, { number, port, exit }) => {
      const fresh = (url: string): string => `${url}${url.includes("?") ? "&" : "?"}turn=${number}`;
      void roles[role](start as never, port, { ...nodeBody, fresh, exit });
    },
    busyThreads,
    prepare,
  );
}
