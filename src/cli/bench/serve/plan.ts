/** From flags to requests: their lengths, their prompts, their times. */
import { readFileSync } from "node:fs";
import {
  type Ask,
  arrivalTimes,
  type Codec,
  inputTokens,
  mixedLengths,
  promptIds,
  promptWords,
  randomLengths,
  readTrace,
  sharedPrefix,
  textOfLength,
  type Wanted,
  words,
} from "../../../load/index.ts";
import { UsageError } from "../../scripts.ts";
import type { ServeFlags } from "./flags.ts";

/** Requests where no workload says how many. */
const REQUESTS = 64;

/** What a workload asks for. @param most tokens of a prompt and its answer, where the server says so. @throws UsageError for what does not fit. */
export function wantedOf(flags: ServeFlags, most?: number): Wanted[] {
  const wanted = drawn(flags, most);
  const long = wanted.find((each) => inputTokens(each) + each.output > (most ?? Infinity));
  if (long) {
    const [input, { output }] = [inputTokens(long), long];
    throw new UsageError(
      `A request of ${input} tokens and ${output} more has no room in the model, which takes ${most}. ` +
        `Make it shorter: ${hints[flags.workload]}.`,
    );
  }
  return wanted;
}

const hints = {
  "shared-prefix": "--system, --question, --output",
  mixed: "--input, --output",
  random: "--input, --output, --prefix, --range-ratio",
  trace: "another trace",
} as const;

function drawn(flags: ServeFlags, most?: number): Wanted[] {
  const { workload, seed, requests: count = REQUESTS, input, output } = flags;
  switch (workload) {
    case "shared-prefix": {
      const { groups, system, question } = flags;
      const promptsPerGroup = Math.ceil(count / groups);
      return sharedPrefix({ groups, promptsPerGroup, system, question, output: output ?? 32, seed }).slice(0, count);
    }
    case "mixed": {
      // A text has more tokens than it should have until it is corrected, and a chat's template has some of its own.
      const room = flags.api === "chat" || flags.prompts === "text" ? 0.9 : 1;
      return mixedLengths({ count, input, output, most: most && Math.floor(room * most), seed });
    }
    case "random": {
      const { rangeRatio, prefix } = flags;
      return randomLengths({ count, input: input ?? 256, output: output ?? 64, rangeRatio, prefix, seed });
    }
    case "trace":
      return trace(flags.file as string).slice(0, flags.requests);
  }
}

function trace(file: string): Wanted[] {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new UsageError(`The trace ${file} cannot be read: ${(error as NodeJS.ErrnoException).code}.`);
  }
  const wanted = readTrace(text);
  if (wanted.length === 0) throw new UsageError(`The trace ${file} has no requests.`);
  return wanted;
}

/** When requests are sent; undefined for a closed loop. */
export function timesOf(flags: ServeFlags, wanted: readonly Wanted[]): readonly number[] | undefined {
  if (flags.workload === "trace") return wanted.map(({ at = 0 }) => at);
  const { rate, burstiness, ramp, seed, concurrency } = flags;
  if (!ramp && rate === Infinity && concurrency !== undefined) return undefined;
  return arrivalTimes(wanted.length, { rate, burstiness, ramp, seed });
}

/** Prompts, and what is in them. */
export interface Prompts {
  readonly asks: readonly Ask[];
  /** One that shares nothing with the others. */
  readonly warmUp: Ask;
  readonly form: "token ids" | "text" | "words";
}

/**
 * The prompts of requests, for a server.
 * @param codec its tokenizer, if it has one. @throws UsageError for ids where it has none.
 */
export async function promptsOf(flags: ServeFlags, wanted: readonly Wanted[], codec?: Codec): Promise<Prompts> {
  const { prompts, api, seed } = flags;
  if (prompts === "ids" && !codec)
    throw new UsageError("--prompts ids takes the ids from the server's /tokenize and /detokenize, and it has none.");
  const alphabet = codec ? [...new Set(await codec.encode(words.join(" ")))] : [];
  const form = !codec ? "words" : prompts === "text" || api === "chat" ? "text" : "token ids";
  const promptOf = async ({ pieces }: Pick<Wanted, "pieces">): Promise<readonly number[] | string> => {
    if (form === "words" || !codec) return promptWords(pieces, seed);
    const ids = promptIds(pieces, alphabet, seed);
    return form === "token ids" ? ids : (await textOfLength(ids, codec, alphabet, seed)).text;
  };
  const asks: Ask[] = [];
  for (const each of wanted) asks.push({ prompt: await promptOf(each), output: each.output, seed });
  const first = wanted[0];
  const warm = { pieces: [{ key: "warm-up", tokens: inputTokens(first) }] };
  return { asks, warmUp: { prompt: await promptOf(warm), output: first.output, seed }, form };
}
