// The page of the browser suite: runs jobs as any page does, and hands their ends to the test.
import { runPageJob } from "../../src/job/browser/index.ts";
import type { Output } from "../../src/job/output.ts";
import { browserPlatform } from "../../src/platform/browser/browser.ts";

/** What a job showed and printed, and how it ended. */
export interface Outcome {
  readonly ok: boolean;
  readonly failure: string | undefined;
  readonly output: readonly Output[];
}

/** What a test asks for. */
export interface Asked {
  readonly ranks: number;
  readonly transport: "shm" | "local";
  readonly streams?: "inline" | "threaded";
  readonly traced?: boolean;
  readonly options?: Record<string, unknown>;
  readonly locked?: boolean;
}

async function run(program: string, job: Asked) {
  const output: Output[] = [];
  const { ok, failure } = await runPageJob({
    ...job,
    script: new URL("thread.js", location.href),
    program: new URL(program, location.href),
    interleaving: 7,
    onOutput: (what) => output.push(what),
  });
  return { ok, failure: failure?.message, output } satisfies Outcome;
}

async function build() {
  return (await browserPlatform(location.href).loadKernels()).build;
}

Object.assign(globalThis, { run, build });
