// A schedule drawn for a terminal: a row for each rank, or for each stage where a rank has several, and a column for each slot of
// time. Forward is a small letter, backward a capital one, the half of backward for the weights a digit.
import type { TimedAction } from "worldsize/parallel";

/** Columns of a panel; what is longer goes on below. */
const COLUMNS = 62;
/** Columns in all; what is longer is drawn in wider slots. */
const MOST = 3 * COLUMNS;

const LETTERS = "abcdefghijklmnopqrstuvwxyz";

/** What the letters mean. */
export const legend =
  "a b c: forward of micro-batches 0, 1, 2; A B C: backward, or its half\n" +
  "for inputs, where 0 1 2 are the half for weights; a dot: idle.";

/** How an action is written. */
function signOf({ kind, microBatch }: TimedAction): string {
  if (kind === "W") return `${microBatch % 10}`;
  const letter = LETTERS[microBatch % LETTERS.length];
  return kind === "F" ? letter : letter.toUpperCase();
}

/** The time of a column: the shortest action's, if all fit. */
export function slotOf(actions: readonly TimedAction[]): number {
  const end = Math.max(...actions.map((action) => action.end));
  const lengths = actions.map((action) => action.end - action.start).filter((length) => length > 0);
  return Math.max(Math.min(...lengths, end), end / MOST);
}

/** The rows of a picture, at most 70 characters wide. @param ranks how many there are. */
export function drawSchedule(actions: readonly TimedAction[], ranks: number): string[] {
  const slot = slotOf(actions);
  const end = Math.max(...actions.map((action) => action.end));
  const columns = Math.max(1, Math.ceil(end / slot - 1e-6));
  const rows: { label: string; signs: string }[] = [];
  for (let rank = 0; rank < ranks; rank++) {
    const own = actions.filter((action) => action.rank === rank);
    const stages = [...new Set(own.map(({ stage }) => stage))].sort((a, b) => a - b);
    for (const stage of stages.length > 0 ? stages : [-1]) {
      const signs = Array.from({ length: columns }, () => "·");
      for (const action of own) {
        if (action.stage !== stage) continue;
        // A column belongs to the action that has its middle.
        const from = Math.ceil(action.start / slot - 0.5 - 1e-6);
        const to = Math.ceil(action.end / slot - 0.5 - 1e-6);
        for (let i = from; i < to; i++) signs[i] = signOf(action);
      }
      rows.push({ label: stages.length > 1 ? `${rank}.${stage}` : `${rank}`, signs: signs.join("") });
    }
  }
  const wide = Math.max(...rows.map(({ label }) => label.length));
  const panels = Math.ceil(columns / COLUMNS);
  return Array.from({ length: panels }, (_, panel) => [
    ...(panel > 0 ? [`from slot ${panel * COLUMNS}:`] : []),
    ...rows.map(({ label, signs }) => `${label.padEnd(wide)} ${signs.slice(panel * COLUMNS, (panel + 1) * COLUMNS)}`),
  ]).flat();
}

/** Rows of a timeline, with an action's own name on each bar: times in units. */
export function lanesOf(actions: readonly TimedAction[], ranks: number) {
  return Array.from({ length: ranks }, (_, rank) => ({
    name: `rank ${rank}`,
    spans: actions
      .filter((action) => action.rank === rank)
      .map(({ kind, microBatch, start, end }) => ({ name: `${kind}${microBatch}`, start, end })),
  }));
}
