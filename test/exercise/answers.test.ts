/**
 * Answers as learners write them: right ones pass, unusual ones too, and wrong ones are rejected, whatever
 * the seed. Ours lie in answers/N.M/: ok-*.ts and bad-*.ts. WORLDSIZE_ANSWERS names a folder of further
 * ones; with WORLDSIZE_SAID, what each wrong one was told is written to that file.
 */
import { appendFileSync, existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { courseExercises } from "../../src/exercise/node/catalog.ts";
import { check, type Verdict } from "../../src/exercise/node/checker.ts";
import { isLong } from "../helpers/long.ts";

/** Of one answer, by its place among all. */
const seedsFor = (place: number): number[] =>
  isLong ? Array.from({ length: 50 }, (_, i) => 1 + 7919 * i) : [1 + 4241 * (place % 2)];
const folders = [fileURLToPath(new URL("answers", import.meta.url)), process.env.WORLDSIZE_ANSWERS].filter(
  (folder) => folder !== undefined,
);

const answers = folders
  .flatMap((folder) =>
    courseExercises().flatMap(({ number, file }) => {
      const home = join(folder, number);
      const names = existsSync(home) ? readdirSync(home).filter((name) => name.endsWith(".ts")) : [];
      return names.map((name) => ({ number, name, file, answer: join(home, name) }));
    }),
  )
  .map((each, place) => ({ ...each, seeds: seedsFor(place) }));

function said(verdict: Verdict): string {
  return verdict.verdict === "passed" ? "passed" : `${verdict.verdict}: ${verdict.message}`;
}

/** In the short form every second wrong one, and of the right ones, which run at all sizes and take their time, every fourth. */
const chosen = answers.filter(({ name }, place) => isLong || place % (name.startsWith("bad-") ? 2 : 4) === 0);

describe.each(chosen)("$number $name", ({ number, name, file, answer, seeds }) => {
  it(
    name.startsWith("ok-") ? "passes" : "is rejected",
    async () => {
      for (const seed of seeds) {
        const verdict = await check(file, answer, { seed });
        const words = said(verdict);
        if (process.env.WORLDSIZE_SAID && seed === seeds[0] && verdict.verdict !== "passed") {
          appendFileSync(process.env.WORLDSIZE_SAID, `${number} ${name}\n    ${words.replaceAll("\n", "\n    ")}\n`);
        }
        if (name.startsWith("ok-")) expect(`seed ${seed}: ${words}`).toBe(`seed ${seed}: passed`);
        else {
          expect(`seed ${seed}: ${words}`).toMatch(/^seed \d+: failed: /); // it ran, and was judged
        }
      }
    },
    isLong ? 1_200_000 : 120_000,
  );
});
