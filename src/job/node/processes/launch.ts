/**
 * The launcher: runs the ranks of a job in processes of their own, on this host and with
 * launchers of other hosts, starts all of them again after a failure if asked to, and sees
 * to their end: no process, no socket file and no port outlives the job.
 */
import type { Outcome } from "../../../world/index.ts";
import { removeFolder, socketFolder } from "./folder.ts";
import { FollowerLauncher } from "./follower.ts";
import type { LaunchOptions } from "./launcher.ts";
import { LeaderLauncher } from "./leader.ts";

export type { LaunchOptions, NodeOptions } from "./launcher.ts";

/**
 * @returns how the job ended; undefined if it was stopped by the signal.
 * @throws JoinError when the hosts do not find each other.
 */
export async function launch(options: LaunchOptions): Promise<Outcome | undefined> {
  const folder = socketFolder(options.system);
  const remove = (): void => removeFolder(folder);
  process.once("exit", remove); // also when this process ends in the middle, because nobody reads what it prints
  const follows = (options.nodes?.rank ?? 0) > 0;
  const launcher = follows ? new FollowerLauncher(options, folder) : new LeaderLauncher(options, folder);
  try {
    return await launcher.run();
  } finally {
    await launcher.close();
    process.off("exit", remove);
    remove();
  }
}
