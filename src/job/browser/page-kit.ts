/** What the threads of a job have in a page. */
import { browserPlatform } from "../../platform/browser/browser.ts";
import { pageThreads } from "../../platform/browser/threads.ts";
import type { ThreadKit } from "../kit.ts";

/** @param script what every thread runs (thread.ts, built), beside which the kernels are served. */
export function pageKit(script: URL): ThreadKit {
  return {
    platform: browserPlatform(new URL(".", script)),
    ...pageThreads(script),
    now: () => performance.timeOrigin + performance.now(),
  };
}
