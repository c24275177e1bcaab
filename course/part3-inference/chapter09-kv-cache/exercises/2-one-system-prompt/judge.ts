// Judges 9.2: tokens that are run, pages that are kept, and what wrong numbers may come from.
import { formed, short, Wrong } from "worldsize/exercise";
import { type Plan, type Served, servedBy } from "./cases.ts";

function wordsOf({ shared, own, pageSize, atOnce }: Plan): string {
  const alike = own.every((each) => each === own[0]);
  const each = alike ? `${own[0]}` : own.join(", ");
  const many = `${own.length} ${own.length === 1 ? "request" : "requests"} of ${shared} + ${each} tokens`;
  return `${many}, pages of ${pageSize}, ${atOnce ? "all at once" : "one after the other"}`;
}

/** @throws Wrong when a server runs or keeps something else. */
export function judgeServed(value: unknown, plan: Plan): void {
  const words = wordsOf(plan);
  const got = formed<Served>(value, { computed: "number", pages: "number" }, `${words}: served(plan)`);
  const right = servedBy(plan);
  if (got.computed !== right.computed) {
    throw new Wrong(
      "tokens that are run",
      `${words}: it says ${short(got.computed)} tokens are run; the engine runs ${right.computed}.${computedHint(got.computed, plan)}`,
    );
  }
  if (got.pages === right.pages) return;
  throw new Wrong(
    "pages that are kept",
    `${words}: it says ${short(got.pages)} pages are kept; the tree has ${right.pages}.${pagesHint(got.pages, plan)}`,
  );
}

/** What a wrong number of tokens may come from. */
function computedHint(got: number, plan: Plan): string {
  const { shared, own, pageSize, atOnce } = plan;
  const common = Math.floor(shared / pageSize) * pageSize;
  const prompts = own.map((more) => shared + more);
  const sum = (of: (prompt: number, i: number) => number): number =>
    prompts.reduce((all, each, i) => all + of(each, i), 0);
  const last = (prompt: number): number => Math.min(common, Math.floor((prompt - 1) / pageSize) * pageSize);
  if (got === sum((prompt, i) => (i > 0 ? prompt - last(prompt) : prompt)) && atOnce)
    return " When all begin at once, none finds what another is still computing.";
  if (got === sum((prompt, i) => prompt - (i > 0 && !atOnce ? common : 0)))
    return " A prompt that is cached whole still runs its last token, and with it that token's page.";
  if (got === sum((prompt, i) => prompt - (i > 0 ? Math.min(shared, prompt - 1) : 0)))
    return " Only whole pages are found: tokens of a page that is not full, or not all shared, are run again.";
  const begun = Math.ceil(shared / pageSize) * pageSize;
  if (
    got === sum((prompt, i) => prompt - (i > 0 && !atOnce ? Math.min(begun, prompt) : 0)) ||
    got === sum((prompt, i) => prompt - (i > 0 && !atOnce ? begun : 0))
  )
    return " The page in which the system prompt ends holds tokens of each request's own, too: nobody else finds it.";
  if (got === sum((prompt) => prompt - last(prompt)))
    return " The first request finds nothing: it computes what the others find.";
  if (got === sum((prompt) => prompt)) return " That is without any cache.";
  return "";
}

/** What a wrong number of pages may come from. */
function pagesHint(got: number, { shared, own, pageSize }: Plan): string {
  const sum = (of: (more: number) => number): number => own.reduce((all, more) => all + of(more), 0);
  if (got === sum((more) => Math.floor((shared + more) / pageSize)))
    return " Those are each request's own: pages of the same tokens are kept once.";
  const common = Math.floor(shared / pageSize);
  if (got === common + sum((more) => Math.ceil((shared + more) / pageSize) - common))
    return " A page that is not full is not kept.";
  if (got === common + sum((more) => Math.floor(more / pageSize)))
    return " Pages are counted from the prompt's beginning: what is left of the system prompt and what follows it share one.";
  return "";
}
