// Judges 8.3: piece by piece.
import { formed, Wrong, wordsOfValue } from "worldsize/exercise";
import { type Case, type Given, givenOf, wordsOf } from "./cases.ts";

const form = { text: "string", stopped: "boolean" } as const;

/** @throws Wrong for the first piece that is another one. */
export function judgeCase(value: unknown, each: Case): void {
  const what = wordsOf(each);
  const { pieces, not } = value as { pieces?: readonly unknown[]; not?: unknown };
  if (!pieces)
    throw new Wrong("what it returns", `${what}: stream(stops) is ${wordsOfValue(not)}; it should be a function.`);
  const right = givenOf(each);
  const got: string[] = [];
  for (const [i, returned] of pieces.entries()) {
    const isEnd = i === each.tokens.length;
    const place = isEnd ? "at the end" : `token ${i}`;
    const { text, stopped } = formed<{ text: string; stopped: boolean }>(
      returned,
      form,
      `${what}, ${place}: the piece`,
    );
    const wanted = right.pieces[i] ?? "";
    if (text !== wanted) {
      const says = `${what}, ${place}: the piece is ${JSON.stringify(text)} and should be ${JSON.stringify(wanted)}.`;
      throw wrongPiece(says, { got: [...got, text], right, i, isEnd }, each);
    }
    const ends = right.stopped && i === right.pieces.length - 1;
    if (stopped !== ends) {
      const hint = ends ? "a stop string is complete here" : "no stop string is complete here";
      throw new Wrong("where it stops", `${what}, ${place}: stopped is ${stopped}, and ${hint}.`);
    }
    got.push(text);
  }
}

interface Place {
  readonly got: readonly string[];
  readonly right: Given;
  readonly i: number;
  readonly isEnd: boolean;
}

/** What a wrong piece is called, and what it may come from. */
function wrongPiece(says: string, { got, right, i, isEnd }: Place, { stops, tokens }: Case): Wrong {
  const [text, wanted] = [got[i], right.pieces[i] ?? ""];
  const bytes = tokens.slice(0, i + 1).flat();
  const startsWithMark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  if (text.includes("\uFFFD") && !wanted.includes("\uFFFD"))
    return new Wrong("characters", `${says} A token may end inside a character, whose other bytes come with the next.`);
  if (startsWithMark && text === wanted.replace("\uFEFF", ""))
    return new Wrong("characters", `${says} TextDecoder drops a byte order mark, unless ignoreBOM is set.`);
  if (isEnd && text === "")
    return new Wrong("what is held back", `${says} What was held back is text once nothing follows.`);
  if (right.stopped && i === right.pieces.length - 1) {
    const whole = new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(bytes));
    const other = stops.some((stop) => whole.indexOf(stop) === got.join("").length);
    const hint = other
      ? " Of several stop strings the one that is complete first counts."
      : " A stop string and all behind it are no part of the answer; it may have begun in an earlier token.";
    return new Wrong("where it stops", `${says}${hint}`);
  }
  if (text.length > wanted.length)
    return new Wrong("what is held back", `${says} What could be the beginning of a stop string has to wait.`);
  return new Wrong("what is held back", `${says} Nothing that cannot become a stop string any more should wait.`);
}
