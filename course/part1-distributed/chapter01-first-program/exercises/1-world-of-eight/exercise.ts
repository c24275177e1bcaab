// Checks 1.1: the default world size, every rank's line, and a count that the ranks really made.
import type { Script, Show } from "worldsize";
import { defineExercise, formed, type Outcome, plainOf, type Watched, Wrong, watch } from "worldsize/exercise";

interface Report {
  readonly ranks: unknown;
  /** What was given to others, and shown, in another run, where all that is given is 2 more; not in the first runs. */
  readonly again: { readonly calls: readonly Watched[]; readonly lines: readonly string[] } | undefined;
}

const PLUS = 2;

export default defineExercise<Report>({
  number: "1.1",
  title: "A world of eight",
  exports: ["default"],
  worlds: [1, 2, 3, 5, 8],
  hints: [
    "A script is export default defineScript({ about, ranks, async main({ world, device, show }) { … } }). Which of these says how many ranks there are when the command names no number?",
    "Each rank makes a tensor of one element, device.ones([1]), and world.allReduce adds up those of all ranks, in place. await it, and then read it with await ones.item().",
    "The lines are show.line(`rank ${world.rank} of ${world.size}`) on every rank, and if (world.rank === 0) show.line(`${count} ranks are here`). All ranks call allReduce; only the line is for rank 0.",
  ],
  questions: [
    {
      ask: "The script runs on 8 ranks. How many lines appear in all?",
      world: 8,
      answer: (outcome) => outcome.ranks.reduce((sum, rank) => sum + outcome.lines(rank).length, 0),
      because: "Every rank runs the whole program: 8 greetings, and one more line from rank 0.",
    },
  ],
  async run(answer, { context, variant }) {
    const script = answer.default as Script;
    await script.main(context);
    if (variant === 0) return { ranks: plainOf(script.ranks), again: undefined };
    const lines: string[] = [];
    const none = (): void => {};
    const rest = { row: none, status: none, write: none, table: none, plot: none, timeline: none };
    const show: Show = { line: (text) => lines.push(String(text)), ...rest };
    const { world, calls } = watch(context.world, PLUS);
    try {
      await script.main({ ...context, world, show });
    } catch {
      // It found the number odd, and said so: then it comes from the ranks.
    }
    return { ranks: plainOf(script.ranks), again: { calls: await calls(), lines } };
  },
  judge(outcome) {
    const { size, ranks, reports } = outcome;
    for (const rank of ranks) judgeGreeting(outcome, rank);
    const count = `${size} ranks are here`;
    const [, second, third] = outcome.lines(0);
    if (second !== count) {
      const seen = second === undefined ? "shows nothing" : `shows ${JSON.stringify(second)}`;
      const hint = second?.includes("Promise")
        ? " Is an await missing before item()?"
        : /^\d/.test(second ?? "")
          ? " Every rank contributes a 1, and the ones are added up."
          : "";
      throw new Wrong("the count", `rank 0 ${seen} after its greeting; it should show "${count}".${hint}`);
    }
    if (third !== undefined)
      throw new Wrong(
        "the count",
        third === count
          ? `rank 0 shows "${count}" twice; once is enough.`
          : `rank 0 shows ${JSON.stringify(third)} after "${count}"; that line should be its last.`,
      );
    const wanted = formed<number | undefined>(
      reports[0].ranks,
      { either: ["number", "undefined"] },
      "the script's ranks",
    );
    outcome.must(
      wanted === 8,
      "eight ranks",
      `the script says ranks: ${wanted ?? "nothing"}; started without -n it should run on 8.`,
    );
    if (size === 1) return; // a rank alone need not ask another
    for (const rank of ranks) judgeContribution(rank, size, reports[rank].again?.calls);
    const again = reports[0].again?.lines;
    outcome.must(
      !again?.includes(count),
      "who counts",
      `rank 0 shows "${count}" whatever the ranks contribute: with ${PLUS} more in every number that they gave, the line stayed the same. Show what the ranks added up.`,
    );
  },
});

/** @throws Wrong when a rank's first line is not its greeting, or when a rank other than 0 says more. */
function judgeGreeting(outcome: Outcome<Report>, rank: number): void {
  const [first, ...more] = outcome.lines(rank);
  const wanted = `rank ${rank} of ${outcome.size}`;
  if (first !== wanted) {
    const seen = first === undefined ? "shows no line" : `shows ${JSON.stringify(first)}`;
    const hint = first === undefined ? " show.line(text) shows a line; console.log does not." : "";
    throw new Wrong("the greeting", `rank ${rank} ${seen}; its first line should be "${wanted}".${hint}`);
  }
  const [again] = rank > 0 ? more : more.filter((line) => line === wanted);
  if (again !== undefined) {
    const why = again === wanted ? "Every rank shows that line once." : "Only rank 0 says how many ranks are here.";
    const isShared = again === wanted || outcome.lines(0).includes(again);
    const seen = `rank ${rank} shows ${JSON.stringify(again)}${isShared ? ", too" : ", and rank 0 does not"}.`;
    throw new Wrong("who speaks", `${seen} ${why}`);
  }
  const other = outcome.shown[rank].find(({ kind }) => kind !== "line");
  if (other)
    throw new Wrong("who speaks", `rank ${rank} shows a ${other.kind}, too. It should show nothing but lines of text.`);
}

/** @throws Wrong when a rank gives no 1 to the others. */
function judgeContribution(rank: number, size: number, calls: readonly Watched[] | undefined): void {
  if (!calls || calls.some(({ kind }) => kind === "send" || kind === "recv")) return; // a partial sum may pass by
  const given = calls.filter(({ gave }) => gave !== undefined);
  if (given.some(({ gave, dtype }) => isOne(gave, dtype !== undefined))) return;
  const [first] = given;
  const kinds = [...new Set(calls.map(({ kind }) => kind))].join(", ") || "nothing";
  const seen = first
    ? `gives ${words(first.gave)} to ${first.kind}`
    : `calls ${kinds}, ${kinds === "barrier" ? "which carries no number" : "and tells no other rank that it is here"}`;
  const isPlan = [first?.gave].flat(3).includes(size);
  const hint = first
    ? isPlan && " If that is world.size, it is what the launcher planned."
    : " world.size is what the launcher planned; count the ranks that came.";
  throw new Wrong(
    "who counts",
    `rank ${rank} ${seen}; each rank should contribute a 1, and they are added up.${hint || ""}`,
  );
}

/** Whether ones, or a single one among zeros, were given; an object needs a one somewhere. */
function isOne(gave: unknown, isTensor: boolean): boolean {
  if (isTensor) {
    const elements = (gave as number[]).filter((element) => element !== 0);
    return elements.length > 0 && elements.every((element) => element === 1);
  }
  if (typeof gave === "object" && gave !== null) return Object.values(gave).some((each) => isOne(each, false));
  return gave === 1 || gave === true;
}

function words(gave: unknown): string {
  const text = JSON.stringify(Array.isArray(gave) && gave.length === 1 ? gave[0] : gave) ?? "nothing";
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
