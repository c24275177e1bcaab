// Judges 9.1: bytes of a token, sequences that fit, and what wrong numbers may come from.
import { formed, short, Wrong } from "worldsize/exercise";
import { bytesOf, type Case, fitOf, type Slip } from "./cases.ts";

const wordsOf = ({ about, dtype, ranks }: Case): string =>
  `${about}, ${dtype}${ranks > 1 ? `, on each of ${ranks} ranks` : ""}`;

/** What a wrong number of bytes may come from, most specific first. */
const slips: readonly (readonly [Slip, string])[] = [
  [{ width: true }, "head_dim is given, and is not hidden_size over the heads."],
  [{ layers: true }, "That is one layer; each keeps its own."],
  [{ cut: true }, "That is less than one head on a rank; a head is not cut, and is copied where ranks are more."],
  [{ once: true }, "That is keys alone: values take as much again."],
  [{ whole: true }, "A rank keeps its share of the heads only."],
  [{ heads: true }, "Count heads of keys (num_key_value_heads), not of queries."],
  [{ scales: true }, "In int8 each token and head has a scale, of 4 bytes."],
];

/** @throws Wrong when a token has another number of bytes. */
export function judgeBytes(value: unknown, given: Case): void {
  const words = wordsOf(given);
  const got = formed<number>(value, "number", `${words}: bytesPerToken(…)`);
  const right = bytesOf(given);
  if (got === right) return;
  const hint = slips.find(([slip]) => bytesOf(given, slip) === got)?.[1] ?? otherHint(given);
  throw new Wrong(
    "bytes of a token",
    `${words}: it says ${short(got)} bytes for a token; it keeps ${right}.${hint ? ` ${hint}` : ""}`,
  );
}

/** Of numbers that are no known slip. */
const otherHint = ({ dtype }: Case): string =>
  dtype === "int8" ? "In int8 a head of dim numbers takes dim + 4 bytes, as keys and once more as values." : "";

/** @throws Wrong when another number of sequences fits. */
export function judgeFit(value: unknown, given: Case): void {
  const { memory, pageSize, length } = given.room;
  const words = `${wordsOf(given)}: ${memory} bytes, pages of ${pageSize}, sequences of ${length} tokens`;
  const got = formed<number>(value, "number", `${words}: sequencesThatFit(…)`);
  const right = fitOf(given);
  if (got === right) return;
  throw new Wrong("what fits", `${words}: it says ${short(got)}; ${right} fit.${fitHint(got, given)}`);
}

function fitHint(got: number, given: Case): string {
  const { memory, pageSize, length } = given.room;
  const bytes = bytesOf(given);
  const pages = memory / (pageSize * bytes);
  if (got === Math.floor(memory / (bytes * length)))
    return " That counts tokens: the last page of a sequence is its own, however few tokens are in it.";
  if (got === Math.floor(pages / Math.floor(length / pageSize)))
    return " Rounded down: tokens beyond the last full page need one, too.";
  if (!Number.isInteger(got)) return " A part of a sequence does not fit.";
  if (got === Math.floor(pages)) return " That is pages.";
  return "";
}
