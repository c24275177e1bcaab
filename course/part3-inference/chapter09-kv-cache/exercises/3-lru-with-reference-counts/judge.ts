// Judges 9.3: each call of a pool, by books of who holds which page and of what is written in it.
import { formed, Wrong } from "worldsize/exercise";
import { Books } from "./books.ts";
import type { Call, Case } from "./cases.ts";

const nameOf = (request: number): string => (request < 0 ? "whoever comes last" : `request ${request}`);
const list = (pages: readonly number[]): string => `[${pages.join(", ")}]`;

/** @throws Wrong for the first call that should have given something else. */
export function judgeCalls(calls: readonly Call[], given: Case): void {
  const books = new Books(given.pages);
  for (const call of calls) {
    const where = `${given.about}, ${given.pages} pages: ${nameOf(call.request)}`;
    if (call.call === "match") judgeMatch(call, books, where);
    else if (call.call === "allocate") judgeAllocate(call, books, where, given);
    else if (call.call === "keep") judgeKeep(call, books, where, given);
    else for (const page of [...(call.pages ?? [])].reverse()) books.letGo(page, call.request);
  }
}

/** Numbers of pages that are there. */
function pagesIn(value: unknown, what: string, { pages }: Pick<Case, "pages">): readonly number[] {
  const list = formed<readonly number[]>(value, ["number"], what);
  const odd = list.find((page) => !(Number.isInteger(page) && page >= 0 && page < pages));
  if (odd === undefined) return list;
  throw new Wrong("what it returns", `${what} has ${odd}; pages are numbered from 0 to ${pages - 1}.`);
}

function judgeMatch({ request, keys = [], gave }: Call, books: Books, where: string): void {
  const what = `${where}: match(${keys.join(" | ")})`;
  const got = pagesIn(gave, what, { pages: books.pages.length });
  const right: number[] = [];
  for (const key of keys) {
    const page = books.pageOf(key);
    if (page === undefined) break;
    right.push(page);
  }
  const at = got.findIndex((page, i) => page !== right[i]);
  if (at >= 0) {
    const { key } = books.pages[got[at]];
    const inIt = key === undefined ? "nothing that is known" : `"${key}"`;
    throw new Wrong(
      "what is found",
      `${what} gives page ${got[at]} for "${keys[at]}"; in it is ${inIt}. A page that was given to another request has lost its key.`,
    );
  }
  if (got.length < right.length) {
    throw new Wrong(
      "what is found",
      `${what} gives ${list(got)}; "${keys[got.length]}" is in page ${right[got.length]}, and nobody took it since.`,
    );
  }
  for (const page of right) books.hold(page, request);
}

function judgeAllocate({ request, count = 0, gave }: Call, books: Books, where: string, given: Case): void {
  const what = `${where}: allocate(${count})`;
  const idle = books.idle();
  if (gave === undefined) {
    if (idle.length < count) return;
    throw new Wrong(
      "pages that are free",
      `${what} gives undefined; nobody holds pages ${list(idle)}. Were pages lost, by a call that gave undefined or where two computed the same?`,
    );
  }
  const got = pagesIn(gave, what, given);
  if (got.length !== count || new Set(got).size !== count)
    throw new Wrong("pages that are free", `${what} gives ${list(got)}: they should be ${count} different pages.`);
  const held = got.find((page) => !books.isIdle(page));
  if (held !== undefined) {
    const [holder] = books.pages[held].holders.keys();
    const { key } = books.pages[held];
    throw new Wrong(
      "pages that are held",
      `${what} gives page ${held}, which ${nameOf(holder)} still reads${key === undefined ? "" : `: "${key}" is in it`}.${heldHint(books, held)}`,
    );
  }
  judgeOrder(got, idle, books, what);
  for (const page of got) {
    books.forget(page);
    books.hold(page, request);
  }
}

/** What may be the reason that a page is given away while it is read. */
function heldHint(books: Books, page: number): string {
  const { holders, key } = books.pages[page];
  if (holders.size > 1) return " Several hold it: it is idle when the last of them has released it.";
  return key === undefined
    ? " Is it one that keep made free, although keep returned it?"
    : " Several may hold one page: was it made idle by the first that released it, or not taken out of the idle ones by match?";
}

/** Those without a key first, then the least recently released. */
function judgeOrder(got: readonly number[], idle: readonly number[], books: Books, what: string): void {
  const left = idle.filter((page) => !got.includes(page));
  for (const page of got) {
    const { key, released } = books.pages[page];
    if (key === undefined) continue;
    const empty = left.find((each) => books.pages[each].key === undefined);
    if (empty !== undefined) {
      throw new Wrong(
        "what goes first",
        `${what} gives up "${key}" in page ${page}, although page ${empty} has no key: nobody would miss that one.`,
      );
    }
    const older = left.find((each) => books.pages[each].released < released);
    if (older === undefined) continue;
    const other = books.pages[older].key ?? "";
    const why =
      key.length < other.length && other.startsWith(`${key} `)
        ? `Without it "${other}" is never found again: release the last page first.`
        : `A page that was matched counts as used when it is released again.`;
    throw new Wrong(
      "what goes first",
      `${what} gives up "${key}" in page ${page}; "${other}" in page ${older} was used less recently. ${why}`,
    );
  }
}

function judgeKeep({ request, keys = [], pages = [], gave }: Call, books: Books, where: string, given: Case): void {
  const what = `${where}: keep(${keys.join(" | ")}; ${list(pages)})`;
  const got = pagesIn(gave, what, given);
  if (got.length !== pages.length)
    throw new Wrong("what is kept", `${what} gives ${got.length} pages for ${pages.length}.`);
  for (const [i, own] of pages.entries()) {
    const known = books.pageOf(keys[i]);
    const right = known ?? own;
    if (got[i] !== right) {
      throw new Wrong(
        "what is kept",
        `${what} gives page ${got[i]} for "${keys[i]}"; it should be ${right}${known === undefined ? ", the request's own" : ", which has the same already"}. Two copies would be kept, or one that is free would be read.`,
      );
    }
    if (known === own) continue;
    if (known === undefined) books.name(own, keys[i]);
    else {
      books.hold(known, request);
      books.letGo(own, request);
    }
  }
}
