/** Panels of what runs, waits and was kept: lists and bars, drawn anew from each frame. */
import type { LiveFrame, LiveList, LiveNode, LiveShare } from "../live/frame.ts";
import { find, make } from "./dom.ts";

/** Draws the batch of the last step, the sequences that run, the queue and the tree. */
export function drawLists({ budget, batch, running, waiting, tree, totals }: LiveFrame): void {
  const used = batch.reduce((sum, { tokens }) => sum + tokens, 0);
  textOf("budget", `${used} of ${budget.tokens} tokens, ${batch.length} of ${budget.sequences} sequences`);
  find("batch", HTMLElement).replaceChildren(...batch.map((share) => shareOf(share, budget.tokens)));
  listInto("running", running, "Nothing runs. Send something.");
  const preempted = totals.preemptions === 0 ? "" : `, ${totals.preemptions} preemptions so far`;
  textOf("queued", (waiting.count === 0 ? "nobody waits" : `${waiting.count} in it`) + preempted);
  listInto("waiting", waiting, "");
  const { promptTokens, cachedTokens } = totals;
  const all = promptTokens + cachedTokens;
  textOf("nodes", tree && all > 0 ? `${cachedTokens} of ${all} prompt tokens came from it` : "");
  const rows = tree ? tree.nodes.map(nodeOf) : [make("li", {}, "This server keeps no prefixes.")];
  if (tree?.nodes.length === 0) rows.push(make("li", { className: "soft" }, "Empty: no prompt was run yet."));
  if (tree?.more) rows.push(make("li", { className: "soft" }, "… and others, which were used before these"));
  find("tree", HTMLElement).replaceChildren(...rows);
}

/** Writes into an element of the page. */
export function textOf(id: string, text: string): void {
  const element = find(id, HTMLElement);
  if (element.textContent !== text) element.textContent = text;
}

function shareOf({ name, colour, tokens, kind }: LiveShare, budget: number): HTMLElement {
  const share = make("span", { className: `filled c${colour}`, title: `${name}: ${tokens} tokens, ${kind}` }, name);
  share.style.flexBasis = `${(tokens / budget) * 100}%`;
  share.style.minWidth = "20px";
  return share;
}

function listInto(id: string, { count, first }: LiveList, empty: string): void {
  const rows = first.map(({ name, colour, prompt, tokens, most, computed, cached, pages, tail }) => {
    const part = (share: number, className = ""): HTMLElement => {
      const bar = make("i", { className });
      bar.style.width = `${(share / most) * 100}%`;
      return bar;
    };
    const decodes = computed >= prompt;
    const state = decodes ? `${tokens - prompt} of ${most - prompt} given` : `${computed} of ${tokens} run`;
    const bars = make("span", { className: "progress" }, part(cached, "cached"), part(Math.max(0, computed - cached)));
    bars.title = `${cached} tokens from the cache, ${computed} in ${pages} pages, at most ${most}`;
    return make(
      "li",
      { className: `c${colour}` },
      make("b", {}, name),
      bars,
      make("span", { className: "one" }, `${state}, ${pages} pages`),
      make("span", { className: "one tail soft" }, tail),
    );
  });
  if (count > first.length) rows.push(make("li", { className: "soft" }, `… and ${count - first.length} more`));
  if (count === 0 && empty !== "") rows.push(make("li", { className: "soft one" }, empty));
  find(id, HTMLElement).replaceChildren(...rows);
}

function nodeOf({ depth, pages, holders, text }: LiveNode): HTMLElement {
  const row = make(
    "li",
    {},
    make("span", { className: "count" }, `${pages} ${pages === 1 ? "page" : "pages"}`),
    make("span", { className: "held" }, holders > 0 ? `held by ${holders}` : ""),
    make("span", { className: "one mono" }, JSON.stringify(text)),
  );
  row.style.paddingLeft = `${depth * 16}px`;
  return row;
}
