// Checks 1.3: environments of three launchers, fixed ones and some drawn from the seed, and the ranks' real one.
import {
  type Answer,
  defineExercise,
  fieldsOf,
  formed,
  lineOf,
  type Outcome,
  plainOf,
  Wrong,
  wordsOfValue,
} from "worldsize/exercise";
import { type Case, casesOf, type Environment, type Identity, is, isComplete, rowOf } from "./cases.ts";

interface EnvironmentAnswer extends Answer {
  identity(env: Environment): unknown;
}

/** What came of a call: a value, or what was thrown; and the environment afterwards. */
interface Called {
  readonly value?: unknown;
  readonly threw?: { readonly isError: boolean; readonly message: unknown; readonly at: string };
  readonly env: Environment;
}

interface Report {
  readonly own: Called;
  readonly results: readonly Called[];
}

const form = { rank: "number", worldSize: "number", localRank: "number", leader: "boolean" } as const;

export default defineExercise<Report>({
  number: "1.3",
  title: "Read the environment",
  exports: ["identity"],
  worlds: [1, 2, 3],
  transports: ["local", "shm", "tcp"],
  interleavings: 0,
  hints: [
    "Three rows of three names: put them in a table and find the first row whose rank and world size are both there.",
    'Everything in an environment is a string. Number("0") is 0, and 0 is false in an if: compare with undefined.',
    'const row = rows.find(([rank, size]) => env[rank] !== undefined && env[size] !== undefined); if (!row) throw new Error("set RANK and WORLD_SIZE"); the local rank is env[row[2]] ?? env[row[0]].',
  ],
  questions: [
    {
      ask: "Three ranks run in three processes of one host. What is LOCAL_RANK of rank 2?",
      world: 3,
      answer: (outcome) => ((outcome.reports[2] as Report).own.value as Identity).localRank,
      because:
        "Local ranks count within a host. On one host they are the ranks; on the second host of 8 GPUs each, rank 10 has local rank 2, and that is its device's number.",
    },
  ],
  async run(answer, { context: { env }, seed }) {
    const { identity } = answer as EnvironmentAnswer;
    const call = (given: Environment): Called => {
      const copy = { ...given };
      try {
        const value = identity(copy);
        if (value instanceof Promise) value.catch(() => undefined); // it is not an answer; that it fails is no news
        return { value: fieldsOf(value, Object.keys(form)), env: copy };
      } catch (error) {
        const isError = error instanceof Error;
        return { threw: { isError, message: plainOf(isError ? error.message : error), at: lineOf(error) }, env: copy };
      }
    };
    const results = casesOf(seed).map((each) => call(each.env));
    return { own: call(env), results };
  },
  judge(outcome) {
    const { size, ranks, reports, seed } = outcome;
    const cases = casesOf(seed);
    for (const [i, each] of cases.entries()) {
      const what = `${each.what} (${shown(each.env)})`;
      for (const rank of ranks) judgeCall(outcome, what, each, reports[rank].results[i], cases[i - 1]?.wanted);
    }
    for (const rank of ranks) {
      const what = `the real environment of rank ${rank} in a world of ${size}`;
      judgeCall(outcome, what, { wanted: is(rank, size) }, reports[rank].own);
    }
  },
});

/** @throws Wrong when a call did something else. */
function judgeCall(
  outcome: Outcome<Report>,
  what: string,
  each: Pick<Case, "wanted"> & Partial<Case>,
  called: Called,
  before?: Identity,
) {
  const { wanted, env } = each;
  const { value, threw } = called;
  if (!wanted) {
    const returned = `it returned ${wordsOfValue(value)}`;
    const hint = " No row has both a rank and a world size.";
    if (!threw) throw new Wrong("no launcher", `${what}: ${returned}, and should throw an Error.${hint}`);
    if (!threw.isError)
      throw new Wrong(
        "the error",
        `${what}: it threw ${wordsOfValue(threw.message)}, which is not an Error: throw new Error("…").`,
      );
    const message = typeof threw.message === "string" ? threw.message : "";
    const missing = ["RANK", "WORLD_SIZE"].filter((name) => !new RegExp(`\\b${name}\\b`).test(message));
    if (missing.length > 0)
      throw new Wrong(
        "the error",
        `${what}: the error's message, ${JSON.stringify(message)}, should name ${missing.join(" and ")}.`,
      );
  } else {
    if (threw) {
      const [rank, size] = rowOf(env ?? {});
      const hint = rank ? ` ${rank} and ${size} are there: their row is complete.` : "";
      throw new Wrong(
        "a launcher",
        `${what}: it threw ${threw.isError ? "an Error with " : ""}${wordsOfValue(threw.message)}${threw.at}; it should return ${words(wanted)}.${hint}`,
      );
    }
    const got = formed<Identity>(value, form, `${what}: identity(env)`);
    const wrong = (Object.keys(form) as (keyof Identity)[]).filter((name) => got[name] !== wanted[name]);
    if (wrong.length > 0) {
      const difference = wrong.map((name) => `${name} is ${got[name]} and should be ${wanted[name]}`).join(", ");
      throw new Wrong("a launcher", `${what}: ${difference}.${why(got, wanted, env ?? {}, before)}`);
    }
  }
  const changed =
    env &&
    [...new Set([...Object.keys(env), ...Object.keys(called.env)])].find((name) => env[name] !== called.env[name]);
  outcome.must(
    !changed,
    "the environment",
    () =>
      `${what}: ${changed} was ${wordsOf(env, changed)} and is ${wordsOf(called.env, changed)} afterwards; identity should only read the environment.`,
  );
}

const wordsOf = (env: Environment = {}, name = ""): string =>
  env[name] === undefined ? "not there" : JSON.stringify(env[name]);

/** `RANK=0 WORLD_SIZE=4`; where there are many, those of the row that counts. */
function shown(env: Environment): string {
  const names = Object.keys(env);
  const row = names.filter((name) => rowOf(env).includes(name));
  const few = names.length <= 4 || row.length === 0 ? names : row;
  const more = names.length - few.length;
  return few.map((name) => `${name}=${env[name]}`).join(" ") + (more > 0 ? `, and ${more} of other rows` : "");
}

/** What a wrong field hints at. */
function why(got: Identity, wanted: Identity, env: Environment, before: Identity | undefined): string {
  const numbers = ["rank", "worldSize", "localRank"] as const;
  if (before && [...numbers, "leader" as const].every((name) => got[name] === before[name]))
    return " That is what the call before returned: is something kept from call to call?";
  const row = rowOf(env);
  const wrong = numbers.find((name) => got[name] !== wanted[name]);
  if (!wrong) return " Only rank 0 leads, whatever its rank within its host.";
  const own = row[numbers.indexOf(wrong)];
  const others = Object.keys(env).filter((name) => !row.includes(name));
  const other = others.find((name) => env[name] !== undefined && Number(env[name]) === got[wrong]);
  if (other) {
    const reason = isComplete(env, other)
      ? `${row[0]} and ${row[1]} are there, in an upper row`
      : "its row is not complete";
    return ` ${other} is ${env[other]}, but ${reason}.`;
  }
  if (own === undefined) return "";
  if (env[own] === undefined) return ` ${own} is not there: then it is the rank.`;
  return ` ${own} says ${env[own]}${env[own] === "0" ? ", which is a number like any other" : ""}.`;
}

function words({ rank, worldSize, localRank, leader }: Identity): string {
  return `{ rank: ${rank}, worldSize: ${worldSize}, localRank: ${localRank}, leader: ${leader} }`;
}
