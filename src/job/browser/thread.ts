/** What every thread of a job runs in a page: it plays the role that it was started for. */
import { playRole } from "../../platform/browser/threads.ts";
import { lockdown } from "../../platform/lockdown.ts";
import { playCommunication } from "../roles/communication.ts";
import { playHelper } from "../roles/helper.ts";
import { playRank } from "../roles/rank.ts";
import { playStream } from "../roles/stream.ts";
import { pageKit } from "./page-kit.ts";
import { pageBody } from "./rank-body.ts";

const kit = pageKit(new URL(location.href));

playRole((role, start, port) => {
  if (role === "locked rank") lockdown({ console: "left open" }); // the body captures what it prints
  if (role === "rank" || role === "locked rank") return playRank(start, port as never, kit, pageBody);
  if (role === "communication") return playCommunication(start, port as never, kit);
  if (role === "stream") return playStream(start, port as never, kit);
  return playHelper(start, kit);
});
