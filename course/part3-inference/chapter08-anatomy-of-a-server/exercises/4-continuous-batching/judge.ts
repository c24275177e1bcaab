// Judges 8.4: what each request got, when it got it, how many tokens were run, and how many steps it took.
import { Wrong, wordsOfValue } from "worldsize/exercise";
import { aloneOf, END, type Load, leastOf } from "./cases.ts";
import type { Ran } from "./machine.ts";

/** @throws Wrong for the first property that does not hold of a load. */
export function judgeLoad(ran: Ran, load: Load): void {
  const { what, slots, arrivals } = load;
  const head = `${what}, ${slots} ${slots === 1 ? "slot" : "slots"}`;
  if (ran.refused !== undefined) throw new Wrong("the rows", `${head}: ${ran.refused}`);
  for (const { request } of arrivals) {
    const { id, prompt } = request;
    const { tokens } = aloneOf(request);
    const got = ran.given.filter((each) => each.id === id).map(({ token }) => token);
    const wrong = tokens.findIndex((token, i) => got[i] !== token);
    const who = `${head}: request ${id} (a prompt of ${prompt.length}, at most ${request.most})`;
    if (wrong >= 0) {
      const is = wrong < got.length ? wordsOfValue(got[wrong]) : "not there";
      throw new Wrong(
        "the tokens",
        `${who}: its token ${wrong} is ${is} and should be ${tokens[wrong]}.${tokenHint(got, tokens, wrong)}`,
      );
    }
    if (got.length > tokens.length) {
      const extra = got[tokens.length];
      const hint = extra === END ? ` ${END} ends an answer and is not given.` : " It has had its tokens.";
      throw new Wrong("the end", `${who}: it got ${got.length} tokens and should get ${tokens.length}.${hint}`);
    }
  }
  const stranger = ran.given.find(({ id }) => !arrivals.some(({ request }) => request.id === id));
  if (stranger)
    throw new Wrong("the tokens", `${head}: a token was given to ${wordsOfValue(stranger.id)}: no such request.`);
  const least = leastOf(load);
  if (ran.tokens > least.ran) {
    throw new Wrong(
      "what is run",
      `${head}: ${ran.tokens} tokens were run; ${least.ran} are enough. Whoever has ended is run no more, and the last token of an answer never.`,
    );
  }
  judgeTimes(ran, load, head);
  if (ran.steps > least.steps) {
    throw new Wrong(
      "the steps",
      `${head}: it took ${ran.steps} steps; ${least.steps} are enough.${stepHint(ran, load, least.steps)}`,
    );
  }
}

/** A token is given after its step and before the next one; a request begins when there is a slot. */
function judgeTimes(ran: Ran, load: Load, head: string): void {
  const { begins } = leastOf(load);
  for (const { request } of load.arrivals) {
    const { id } = request;
    const times = ran.given.filter((each) => each.id === id).map(({ after }) => after);
    if (times.length > 1 && times.every((time) => time === times[0])) {
      throw new Wrong(
        "streaming",
        `${head}: request ${id} got all of its ${times.length} tokens after step ${times[0]}. Give each token as it is drawn.`,
      );
    }
    const begin = begins.get(id) ?? 0;
    if (times.length === 0 || times[0] === begin + 1) continue;
    const waits = times[0] - begin - 1;
    if (waits > 0 && ran.steps === leastOf(load).steps) {
      throw new Wrong(
        "who begins",
        `${head}: request ${id} has its first token ${waits} ${waits === 1 ? "step" : "steps"} later than it could: who came first begins first.`,
      );
    }
  }
  const firsts = load.arrivals.flatMap(({ request: { id } }) => ran.given.find((each) => each.id === id) ?? []);
  for (const [i, { id, after }] of firsts.entries()) {
    const later = firsts.slice(i + 1).find((other) => other.after < after);
    if (later) {
      throw new Wrong(
        "who begins",
        `${head}: request ${later.id} has its first token before request ${id}, which came first and begins first.`,
      );
    }
  }
}

function tokenHint(got: readonly unknown[], tokens: readonly number[], wrong: number): string {
  if (got.length === 0) return " It got none: is it still waiting?";
  if (wrong === 0 && tokens.length > 1 && got[0] === tokens[1])
    return " That is its second one: the step that runs the prompt draws a token, too.";
  if (wrong === got.length) return " It got too few.";
  if (wrong > 0)
    return " The step before was right: a row begins at the number of tokens whose keys and values are there already.";
  return " Its slot holds what another one has left, or the prompt lies at the wrong place.";
}

function stepHint({ steps }: Ran, load: Load, least: number): string {
  const { arrivals, slots } = load;
  if (slots === 1) return "";
  let end = 0;
  for (let i = 0; i < arrivals.length; i += slots) {
    const batch = arrivals.slice(i, i + slots);
    const begin = Math.max(end, ...batch.map(({ before }) => before));
    end = begin + Math.max(...batch.map(({ request }) => aloneOf(request).steps));
  }
  return steps >= end || steps > least
    ? " A slot that is free takes the next request at once: it does not wait until the others have ended."
    : "";
}
