// Judges 7.7: whether a layout divides, fits, and is about as fast as the best; and what a wrong one may come from.
import { formed, Wrong } from "worldsize/exercise";
import { isFitting, type JudgedLayout, memoryOf, secondsText, usableShare } from "worldsize/parallel";
import { bestOf, type Case, judged } from "./cases.ts";

/** How much longer than the best a step may take. */
export const FACTOR = 1.25;

interface Chosen {
  readonly layout: string;
  readonly micro: number;
}

/** @throws Wrong for the first thing that stands in a layout's way. */
export function judgeChoice(value: unknown, given: Case): void {
  const { about } = given;
  const { layout, micro } = formed<Chosen>(value, { layout: "string", micro: "number" }, `${about}: choose(job)`);
  let found: JudgedLayout;
  try {
    found = judged(given, layout, micro);
  } catch (error) {
    throw new Wrong("the layout", `${about}: ${(error as Error).message}`);
  }
  const name = `${about}: ${layout} with micro-batches of ${micro}`;
  if (found.fault?.kind === "memory")
    throw new Wrong("it fits", `${name} ${found.fault.text}.${memoryHint(found, given)}`);
  if (found.fault) throw new Wrong("it divides", `${name} cannot run: ${found.fault.text}.`);
  if (!isFitting(found)) return;
  const best = bestOf(given);
  const { total } = found.time;
  if (total <= FACTOR * best) return;
  const slower = `${name} takes ${secondsText(total)} for a step; ${secondsText(best)} can be reached, and ${FACTOR} times that is allowed.`;
  throw new Wrong("the step", `${slower}${timeHint(found, given)}`);
}

/** What a layout that does not fit may have left out. */
function memoryHint({ layout, run, memory }: JudgedLayout, { request }: Case): string {
  if (!memory) return "";
  const usable = request.cluster.device.memory * usableShare;
  if (memory.total - memory.optimizer <= usable)
    return " Without the 12 bytes for each parameter that the optimizer keeps (moments and a copy in f32) it would fit.";
  const again = memoryOf(request.model, { ...run, recompute: "full" }, layout);
  if (again.total <= usable) return " What it keeps for backward is too much: with recompute it would fit.";
  if (memory.total - memory.gradients - memory.optimizer <= usable)
    return " Gradients and moments count, too: 14 bytes for each parameter beside its own 2.";
  return "";
}

/** What a slow step spends its time on. */
function timeHint({ layout, time, run }: Extract<JudgedLayout, { time?: unknown }>, { request, job }: Case): string {
  if (!time) return "";
  const share = (part: number): string => `${((100 * part) / time.total).toFixed(0)} %`;
  if (layout.tp > job.perNode && time.tensor > 0.1 * time.total)
    return ` tp ${layout.tp} crosses nodes of ${job.perNode}: ${share(time.tensor)} are collectives along tp.`;
  if (time.pipeline > 0.15 * time.total) {
    const microBatches = job.batch / (layout.copies * layout.dp * run.micro);
    return ` ${share(time.pipeline)} are waiting: ${microBatches} micro-batches for ${layout.pp} stages.`;
  }
  if (time.data > 0.15 * time.total)
    return ` ${share(time.data)} are gradients and gathered parameters that nothing hides.`;
  if (layout.recompute) {
    const once = memoryOf(request.model, { ...run, recompute: "none" }, { ...layout, recompute: false });
    return once.total <= job.memory
      ? " It would fit without computing its blocks twice."
      : " Its blocks are computed twice, a third more work: with more ranks along tp or pp they need not be.";
  }
  if (time.tensor > 0.15 * time.total)
    return ` ${share(time.tensor)} are collectives along tp: does it need that many ranks?`;
  return "";
}
