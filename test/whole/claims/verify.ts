/** Holds a page against its register: every number is covered, every quote is there, every backing holds. */
import { commandIn } from "../../helpers/command.ts";
import { typed, understood, wordsOf } from "../../helpers/typed.ts";
import { type Claim, numberIn, precisionOf, type Register, type Source } from "./claim.ts";
import { placesOf, statedIn } from "./statements.ts";

/** Numbers of a page that no claim covers, each with its line and sentence. */
export function uncovered(text: string, { page, claims }: Register): string[] {
  const covered = claims.flatMap(({ says }) => placesOf(says, text));
  return statedIn(text)
    .filter(({ at, number }) => !covered.some(({ from, to }) => from <= at && at + number.length <= to))
    .map(({ line, number, sentence }) => `${page}:${line}: ${number} (in: ${sentence})`);
}

/** Claims whose quote is not in the page. */
export function lost(text: string, { page, claims }: Register): string[] {
  return claims
    .filter(({ says }) => placesOf(says, text).length === 0)
    .map(({ says }) => `${page} does not say: ${says}`);
}

/** Quotes that cover no number of the page: they claim nothing. */
export function idle(text: string, { page, claims }: Register): string[] {
  const stated = statedIn(text);
  return claims
    .filter(({ says }) => !placesOf(says, text).some(({ from, to }) => stated.some(({ at }) => from <= at && at < to)))
    .map(({ says }) => `${page} states no number in: ${says}`);
}

const runs = new Map<string, Promise<string>>();

/** What a command prints; each is run once. */
function printedBy(run: string, quick: boolean): Promise<string> {
  const key = `${run} ${quick}`;
  const known = runs.get(key) ?? print(run, quick);
  runs.set(key, known);
  return known;
}

async function print(run: string, quick: boolean): Promise<string> {
  const [command, ...rest] = wordsOf(run);
  if (command !== "bench") return (await typed(run, { quick })).text;
  // One round of our side alone: that there is such a quantity, in such a unit.
  const against = rest.indexOf("--against");
  if (against >= 0) rest.splice(against, 2);
  return (await commandIn(process.cwd())(command, ...rest, "--rounds", "1")).out;
}

const flat = (text: string): string =>
  text
    .replace(/^rank +\d+ │ /gm, "")
    .replace(/[│┃]/g, " ")
    .replace(/\s+/g, " ");

/** What is wrong with the backing of a claim; nothing if it holds. */
export async function broken(claim: Claim): Promise<string[]> {
  switch (claim.by) {
    case "command":
    case "measured": {
      const isMeasured = claim.by === "measured";
      if (isMeasured) await understood(claim.run);
      const printed = flat(await printedBy((isMeasured && claim.small) || claim.run, isMeasured));
      const missing = claim.prints.filter((one) =>
        typeof one === "string" ? !printed.includes(flat(one)) : !one.test(printed),
      );
      return missing.map((one) => `"${claim.says}": ${claim.run} prints no ${one}: ${printed.slice(0, 2000)}`);
    }
    case "arithmetic":
    case "simulator":
    case "run":
      if (Object.keys(claim.gives).length === 0) return [`"${claim.says}": what comes out?`];
      return unequal(claim.says, claim.gives);
    case "source":
      return [...unsaid(claim), ...(await unequal(claim.says, claim.gives ?? {}))];
    case "example":
      return claim.why ? [] : [`"${claim.says}": why?`];
  }
}

async function unequal(
  says: string,
  gives: Readonly<Record<string, () => number | Promise<number>>>,
): Promise<string[]> {
  const found = await Promise.all(
    Object.entries(gives).map(async ([written, calculate]) => {
      if (!says.replace(/\s+/g, " ").includes(written)) return `"${says}" does not say ${written}`;
      const value = await calculate();
      const wrong = Math.abs(value - numberIn(written)) > precisionOf(written) * (1 + 1e-9);
      return wrong ? `"${says}": ${written}, but it comes out as ${value}` : undefined;
    }),
  );
  return found.flatMap((one) => one ?? []);
}

/** Numbers of a quote that neither its sources say nor a calculation gives, and sources that nobody could look up. */
function unsaid({ says, sources, gives = {} }: Claim & { readonly by: "source" }): string[] {
  const said = sources.flatMap(
    (source) => source.says.match(/\d+(?:[.,]\d+)*|\b(?:one|two|three|four|five|six|seven|eight|ten|twelve)\b/g) ?? [],
  );
  const known = new Set([...said, ...Object.keys(gives)].map(numberIn));
  const whole = ({ title, year, url }: Source): boolean => title !== "" && year > 1900 && url.startsWith("https://");
  return [
    ...sources.filter((source) => !whole(source)).map(({ title }) => `"${says}": the source ${title} is not whole`),
    ...statedIn(says)
      .filter(({ number }) => !known.has(numberIn(number)))
      .map(({ number }) => `"${says}": the source is not known to say ${number}`),
  ];
}
