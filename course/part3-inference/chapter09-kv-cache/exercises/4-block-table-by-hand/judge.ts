// Judges 9.4: slots, copies, what is read back through the tables, and how many pages are in use.
import { formed, Wrong } from "worldsize/exercise";
import { type Call, type Case, reference, type Step } from "./cases.ts";

/** What a slot holds: whose token, and its position. */
interface Kept {
  readonly id: number;
  readonly position: number;
}

interface Appended {
  readonly slots: readonly number[];
  readonly copies: readonly (readonly number[])[];
}

const wordsOf = (call: Call): string => {
  if (call.call === "append") return `append(${call.id}, ${call.count})`;
  return call.call === "fork" ? `fork(${call.id}, ${call.other})` : `${call.call}(${call.id})`;
};

/** @throws Wrong for the first call after which something is not as it should be. */
export function judgeSteps(steps: readonly Step[], given: Case): void {
  const { about, calls, pages, pageSize } = given;
  const right = reference(pageSize, calls);
  const memory = Array<Kept | undefined>(pages * pageSize).fill(undefined);
  /** By sequence: whose token is at each position. A fork's first tokens are its origin's. */
  const texts = new Map<number, Kept[]>();
  const copied = new Set<number>();
  for (const [i, call] of calls.entries()) {
    const step = steps[i];
    const where = `${about}, pages of ${pageSize}, call ${i + 1}, ${wordsOf(call)}`;
    if (step.threw !== undefined) {
      throw new Wrong(
        "pages come back",
        `${where}: it threw "${step.threw}". At most ${pages} pages are needed in this case, and there are ${pages}. Does free, or a copy, leave a page that no table names?`,
      );
    }
    if (call.call === "begin") texts.set(call.id, []);
    if (call.call === "free") texts.delete(call.id);
    if (call.call === "fork") texts.set(call.other, [...(texts.get(call.id) ?? [])]);
    const tables = tablesOf(step, where, given);
    if (call.call === "append")
      judgeAppend(step.gave, {
        call,
        where,
        given: { ...given, copied },
        tables,
        memory,
        texts,
        copies: right.copies[i],
      });
    judgeReading(tables, texts, memory, where, given);
    judgeUse(tables, right.inUse[i], where);
  }
}

/** Tables of all sequences, as lists of pages. */
function tablesOf({ tables = [] }: Step, where: string, { pages }: Case): Map<number, readonly number[]> {
  return new Map(
    tables.map(([id, value]) => {
      const table = formed<readonly number[]>(value, ["number"], `${where}: table(${id})`);
      const odd = table.find((page) => !(Number.isInteger(page) && page >= 0 && page < pages));
      if (odd !== undefined)
        throw new Wrong(
          "what it returns",
          `${where}: table(${id}) has ${odd}; pages are numbered from 0 to ${pages - 1}.`,
        );
      return [id, table] as const;
    }),
  );
}

interface Append {
  readonly call: Extract<Call, { call: "append" }>;
  readonly where: string;
  /** With the pages that were copied so far. */
  readonly given: Case & { readonly copied: Set<number> };
  readonly tables: ReadonlyMap<number, readonly number[]>;
  readonly memory: (Kept | undefined)[];
  readonly texts: ReadonlyMap<number, Kept[]>;
  readonly copies: number;
}

function judgeAppend(value: unknown, { call, where, given, tables, memory, texts, copies }: Append): void {
  const { pageSize, pages } = given;
  const what = `${where}:`;
  const got = formed<Appended>(value, { slots: ["number"], copies: [["number"]] }, `${where}`);
  if (got.slots.length !== call.count)
    throw new Wrong("the slots", `${what} there are ${got.slots.length} slots; ${call.count} were asked for.`);
  if (got.copies.length > copies) {
    const [from, to] = got.copies[0];
    const text = texts.get(call.id) ?? [];
    const full =
      text.length % pageSize === 0
        ? " The last page is full: nothing more is written into it."
        : given.copied.has(from)
          ? " Whoever shared it has a copy: this table alone names it now."
          : " No other table names it any more.";
    throw new Wrong("what is copied", `${what} page ${from} is copied to ${to}, which nobody needs.${full}`);
  }
  for (const [from, to] of got.copies) {
    if (!(Number.isInteger(from) && Number.isInteger(to) && from >= 0 && to >= 0 && from < pages && to < pages))
      throw new Wrong(
        "what is copied",
        `${what} it copies page ${from} to ${to}; pages are numbered from 0 to ${pages - 1}.`,
      );
    given.copied.add(from);
    for (let at = 0; at < pageSize; at++) memory[to * pageSize + at] = memory[from * pageSize + at];
  }
  const text = texts.get(call.id) ?? [];
  const table = tables.get(call.id) ?? [];
  for (const slot of got.slots) {
    const position = text.length;
    const page = table[Math.floor(position / pageSize)];
    const right = page * pageSize + (position % pageSize);
    if (slot !== right) {
      throw new Wrong(
        "the slots",
        `${what} position ${position} gets slot ${slot}; by the table [${table.join(", ")}] it is ${page === undefined ? "in no page" : right}.`,
      );
    }
    memory[slot] = { id: call.id, position };
    text.push({ id: call.id, position });
  }
}

/** Reads all sequences back. */
function judgeReading(
  tables: ReadonlyMap<number, readonly number[]>,
  texts: ReadonlyMap<number, readonly Kept[]>,
  memory: readonly (Kept | undefined)[],
  where: string,
  { pageSize }: Case,
): void {
  for (const [id, text] of texts) {
    const table = tables.get(id) ?? [];
    for (const [position, own] of text.entries()) {
      const page = table[Math.floor(position / pageSize)];
      const read = page === undefined ? undefined : memory[page * pageSize + (position % pageSize)];
      if (read && read.id === own.id && read.position === own.position) continue;
      const seen = read ? `the token of sequence ${read.id} at position ${read.position}` : "what nobody wrote";
      throw new Wrong(
        "what is read",
        `${where}: sequence ${id} reads, at position ${position}, ${seen}${page === undefined ? "" : ` (page ${page})`}.${readHint(id, position - (position % pageSize), page, tables, texts)}`,
      );
    }
  }
}

/** Where a wrong token may come from. @param first position of the page. */
function readHint(
  id: number,
  first: number,
  page: number | undefined,
  tables: ReadonlyMap<number, readonly number[]>,
  texts: ReadonlyMap<number, readonly Kept[]>,
): string {
  if (page === undefined) return " Its table is too short.";
  const other = [...tables].find(([each, table]) => each !== id && table.includes(page))?.[0];
  if (other === undefined) return " Was a page not copied, or to another place than the table says?";
  const [a, b] = [id, other].map((each) => texts.get(each)?.[first]);
  const [here, there] = [id, other].map((each) => tables.get(each)?.indexOf(page));
  const isShared = here === there && a !== undefined && a.id === b?.id && a.position === b.position;
  return isShared
    ? ` Sequence ${other} reads page ${page}, too: it was written into without a copy.`
    : ` Page ${page} is in the table of sequence ${other}, too: it was given away while it was still named.`;
}

/** Counts the pages that tables name. */
function judgeUse(tables: ReadonlyMap<number, readonly number[]>, right: number, where: string): void {
  const used = new Set([...tables.values()].flat()).size;
  if (used <= right) return;
  throw new Wrong(
    "pages in use",
    `${where}: ${used} pages are in use; ${right} are enough. Was a page taken before a token needs it, or not shared?`,
  );
}
