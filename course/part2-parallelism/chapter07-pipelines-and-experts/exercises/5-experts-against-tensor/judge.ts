// Judges 7.5: bytes of the mixture that was run, those of larger ones, and from how many ranks on experts send less.
import { formed, type Outcome, Wrong, wordsOfValue } from "worldsize/exercise";
import { type Bytes, bytesOf, choices, fewestOf, type Plan, plansOf, runOf } from "./cases.ts";

export interface Report {
  /** Of the mixture that is run, and of the others. */
  readonly told: readonly { readonly experts: unknown; readonly tensor: unknown }[];
  readonly ranks: readonly unknown[];
}

type Seen = Outcome<Report>;

const near = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-6 * Math.max(1, Math.abs(b));
const wordsOf = ({ ranks, tokens, width, experts, perToken }: Plan): string =>
  `${ranks} ${ranks === 1 ? "rank" : "ranks"} of ${tokens} tokens of ${width}, ${perToken} of ${experts} experts: `;

/** @throws Wrong when it is not what was recorded. */
export function judgeRun(outcome: Seen, seen: Bytes): void {
  const plan = runOf(outcome.size, outcome.variant);
  judgeOne(outcome.reports[0].told[0], plan, seen, "the run sent");
}

/** @throws Wrong for the first of the larger mixtures. */
export function judgeBytes({ seed, reports }: Seen): void {
  for (const [i, plan] of plansOf(seed).entries())
    judgeOne(reports[0].told[i + 1], plan, bytesOf(plan), "it should be");
}

function judgeOne(told: Report["told"][number], plan: Plan, right: Bytes, is: string): void {
  const what = wordsOf(plan);
  const experts = formed<Omit<Bytes, "tensor">>(
    told.experts,
    { even: "number", busiest: "number" },
    `${what}expertBytes(plan)`,
  );
  const tensor = formed<number>(told.tensor, "number", `${what}tensorBytes(plan)`);
  if (!near(experts.even, right.even)) {
    throw new Wrong(
      "even choices",
      `${what}even is ${experts.even} bytes; ${is} ${right.even}.${evenHint(experts.even, plan, right.even)}`,
    );
  }
  if (!near(tensor, right.tensor)) {
    throw new Wrong(
      "tensor parallelism",
      `${what}tensorBytes says ${tensor} bytes; ${is} ${right.tensor}.${tensorHint(tensor, plan, right.tensor)}`,
    );
  }
  if (!near(experts.busiest, right.busiest)) {
    throw new Wrong(
      "the busiest rank",
      `${what}busiest is ${experts.busiest} bytes; ${is} ${right.busiest}.${busiestHint(experts.busiest, plan, right)}`,
    );
  }
}

function evenHint(got: number, { ranks, perToken }: Plan, right: number): string {
  if (near(got * 2, right)) return " Dispatch and combine, forward and backward, are four exchanges.";
  if (near(got * 4, right)) return " That is one exchange of four, or an element of f32 without its four bytes.";
  if (near(got * perToken, right)) return " A token's row goes to each of its experts.";
  if (near(got, (right * ranks) / (ranks - 1)))
    return " One row in n is for the rank that it is on: it does not travel.";
  if (near(got, right * ranks)) return " That is of all ranks: one rank's is asked for.";
  return "";
}

function tensorHint(got: number, { ranks, perToken }: Plan, right: number): string {
  if (near(got * ranks, right)) return " Each rank has a part of every expert: it computes the tokens of all ranks.";
  if (near(got * 2, right))
    return " There is an all_reduce forward and one backward, and a ring sends 2 (n - 1)/n of each.";
  if (near(got, right * perToken))
    return " A rank adds up its terms of a token's experts before they travel: one row for each token.";
  if (near(got * 4, right))
    return " An element of f32 has four bytes, and an all_reduce sends 2 (n - 1)/n of its tensor.";
  return "";
}

function busiestHint(got: number, { ranks }: Plan, { even, busiest }: Bytes): string {
  if (near(got, even)) return " That is with even choices: here all of them are of one rank's experts.";
  if (near(got, busiest / (ranks - 1)))
    return " That is a rank without those experts. The rank with them answers all others.";
  if (near(got, 2 * busiest))
    return " Of the four exchanges, it has something to send in two: it gets what the other two carry.";
  return "";
}

/** @throws Wrong for the first number of ranks. */
export function judgeFewest({ reports }: Seen): void {
  for (const [i, [experts, perToken]] of choices.entries()) {
    const got = reports[0].ranks[i];
    const right = fewestOf(experts, perToken);
    if (got === right) continue;
    const what = `fewest(${experts}, ${perToken}) is ${wordsOfValue(got)} and should be ${right}.`;
    const isNumber = typeof got === "number" && got > 0;
    const hint =
      isNumber && experts % got !== 0
        ? ` ${got} ranks do not divide ${experts} experts.`
        : isNumber && got === perToken
          ? " With as many ranks as experts of a token both send the same: fewer bytes are asked for."
          : right === 0
            ? " No number of ranks that divides the experts is above the experts of a token: 0."
            : "";
    throw new Wrong("the fewest ranks", `${what}${hint}`);
  }
}
