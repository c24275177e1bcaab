/** From pieces to prompts: token ids where a server takes them, else a text of that many tokens. */
import { Draws } from "./draws.ts";
import type { Piece } from "./workloads.ts";

/** What turns text into tokens and back: a server's, or one at hand. */
export interface Codec {
  /** Token ids of a text, without special tokens. */
  encode(text: string): Promise<number[]>;
  /** The text of token ids. */
  decode(ids: readonly number[]): Promise<string>;
}

/** Words that prompts are made of where nothing is known of a server's tokens. Most tokenizers have one token for each. */
export const words: readonly string[] =
  "the of and to in is that for it as was with be by on not he his but at are this have from or had an they which one you were all her she there would their we him been has when who will no more if out so up said what its about than into them can only other time new some could these two may first then do any like my now over such our man me even most made after also did many off before must well back through years much where your way down should because long each just state those people too how little good world make very year still see own work men day get here old life both between being under three never know same last while us".split(
    " ",
  );

/** A number for a text, the same everywhere (FNV-1a, 32 bits). */
function hash(text: string, seed: number): number {
  let value = 0x811c9dc5 ^ seed;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return Math.imul(value ^ (value >>> 15), 0x85ebca6b);
}

/** Draws from a list for each token of each piece, by the piece's key alone. */
function drawn<T>(pieces: readonly Piece[], from: readonly T[], seed: number): T[] {
  return pieces.flatMap(({ key, tokens }) => {
    const draws = new Draws(hash(key, seed));
    return Array.from({ length: tokens }, () => from[draws.integer(0, from.length - 1)]);
  });
}

/** A prompt as token ids. @param alphabet ids that may be in it. */
export function promptIds(pieces: readonly Piece[], alphabet: readonly number[], seed: number): number[] {
  return drawn(pieces, alphabet, seed);
}

/** A prompt as text, of one common word per token: how many tokens a server finds in it is not known. */
export function promptWords(pieces: readonly Piece[], seed: number): string {
  return drawn(pieces, words, seed).join(" ");
}

/** How often a text is encoded and corrected before its length is taken as it is; as in vLLM. */
const TRIES = 10;

/**
 * A text that encodes to as many tokens as `ids`: decoding and encoding may give others, so the list is cut or made longer, again and again.
 * @param alphabet ids that may be added. @returns the text, and how many tokens it has in the end.
 */
export async function textOfLength(
  ids: readonly number[],
  codec: Codec,
  alphabet: readonly number[],
  seed: number,
): Promise<{ text: string; tokens: number }> {
  const draws = new Draws(seed);
  let current = [...ids];
  for (let left = TRIES; ; left--) {
    const text = await codec.decode(current);
    const found = await codec.encode(text);
    if (found.length === ids.length || left <= 0) return { text, tokens: found.length };
    current = found.slice(0, ids.length);
    while (current.length < ids.length) current.push(alphabet[draws.integer(0, alphabet.length - 1)]);
  }
}
