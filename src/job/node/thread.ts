/** What every thread of a job runs in Node: it plays the role that it was started for. */
import { currentRole } from "../../platform/node/threads.ts";
import { playCommunication } from "../roles/communication.ts";
import { playHelper } from "../roles/helper.ts";
import { playRank } from "../roles/rank.ts";
import { playStream } from "../roles/stream.ts";
import { nodeKit } from "./node-kit.ts";
import { nodeBody } from "./rank-body.ts";

const { role, start, port } = currentRole();
const roles: Readonly<Record<string, () => void | Promise<void>>> = {
  rank() {
    process.setSourceMapsEnabled(true);
    Error.stackTraceLimit = 40; // deep enough to reach the program from inside the library
    return playRank(start as never, port as never, nodeKit, nodeBody);
  },
  communication: () => playCommunication(start as never, port as never, nodeKit),
  stream: () => playStream(start as never, port as never, nodeKit),
  helper: () => playHelper(start as never, nodeKit),
};
await roles[role]();
