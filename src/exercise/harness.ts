/**
 * The ranks' side of a check: a script that hands the answer to its exercise and sends home
 * what came out, marked by a word that only this check knows.
 */
import * as autograd from "../autograd/index.ts";
import * as device from "../device/index.ts";
import * as nn from "../nn/index.ts";
import { freezeAll } from "../platform/lockdown.ts";
import * as script from "../script/index.ts";
import { type Context, defineScript, number, type Script, string } from "../script/index.ts";
import * as tensor from "../tensor/index.ts";
import { closeRaw } from "../tensor/index.ts";
import * as world from "../world/index.ts";
import type { Answer, Exercise } from "./define.ts";
import { packReport } from "./report.ts";

/** What answers import, and what they are handed is made of: no place to leave word for another rank. */
const library: readonly object[] = [script, nn, autograd, tensor, world, device].flatMap((each) =>
  Object.values(each).filter((part) => typeof part === "function" || typeof part === "object"),
);

// Taken before an answer's code runs, which may change what JSON.stringify is.
const { stringify } = JSON;

/** A report's line is the check's secret word and what `run` returned. */
export function exerciseScript(exercise: Exercise, answer: () => Promise<Answer>): Script {
  const script = defineScript({
    about: exercise.title,
    options: {
      word: string("", "marks reports"),
      caseSeed: number(0, "seed of the inputs"),
      variant: number(0, "which run of its world size this is"),
    },
    async main({ options: { word, caseSeed, variant }, ...context }) {
      const side = { context: { ...context, options: {} } as Context<Record<string, never>>, seed: caseSeed, variant };
      const { line } = context.show;
      closeRaw(context.device);
      for (const part of library) if (!Object.isFrozen(part)) freezeAll(part); // once for all ranks and runs of a thread
      const module = await answer();
      const missing = exercise.exports.find((name) => !isThere(name, module[name]));
      if (missing) line(word + stringify({ missing }));
      else line(word + stringify({ report: packReport(await exercise.run(module, side)) }));
    },
  });
  return script as unknown as Script;
}

/** What a rank says of itself. */
export type Said = { readonly report: unknown } | { readonly missing: string };

function isThere(name: string, value: unknown): boolean {
  return name === "default" ? typeof (value as Script | undefined)?.main === "function" : typeof value === "function";
}
