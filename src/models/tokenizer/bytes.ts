/**
 * Text as bytes, and bytes as the visible characters in which byte-level tokenizers write them.
 *
 * GPT-2 writes every byte as one printable character, so that a vocabulary is a JSON object of strings: the 188 bytes that
 * are printable in Latin-1 stand for themselves, the other 68 for U+0100 and the characters after it, in order of the bytes
 * (a space is "Ġ", a newline "Ċ"). Source: `bytes_to_unicode` of openai/gpt-2.
 */

/** Whether Latin-1 prints the byte: then it stands for itself. */
const printable = (byte: number): boolean =>
  (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;

function alphabet(): string[] {
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(printable(byte) ? byte : next++));
}

/** The character that stands for each byte: 256 strings of one UTF-16 unit, indexed by byte. */
export const byteCharacters: readonly string[] = alphabet();

const byteOf: ReadonlyMap<string, number> = new Map(byteCharacters.map((character, byte) => [character, byte]));

/**
 * All bytes in the order of the code points of their characters ("!" first, "Ń" last): the order in which they get their
 * ids. This is not the order of the bytes: 0x00 is "Ā" and comes after 0xff, "ÿ".
 */
export const bytesByCharacter: readonly number[] = Array.from({ length: 256 }, (_, byte) => byte).sort(
  (a, b) => byteCharacters[a].charCodeAt(0) - byteCharacters[b].charCodeAt(0),
);

/** Bytes in their visible spelling: [0x20, 0x61] is "Ġa". */
export function spell(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byteCharacters[byte];
  return text;
}

/** The bytes of a visible spelling, or undefined where a character stands for no byte. */
export function unspell(spelling: string): Uint8Array | undefined {
  const bytes = new Uint8Array(spelling.length);
  for (let i = 0; i < spelling.length; i++) {
    const byte = byteOf.get(spelling[i]);
    if (byte === undefined) return undefined;
    bytes[i] = byte;
  }
  return bytes;
}

/** In a pattern with the flag u, a surrogate that is half of a pair is not seen: this finds lone ones. */
const lone = /[\ud800-\udfff]/u;

/**
 * Refuses half a character: UTF-8 has no bytes for a lone surrogate, so it could not come back when ids are decoded
 * (`TextEncoder` would write U+FFFD in its place).
 * @param what names the text in the message: "the text", "document 3".
 * @throws RangeError with the index of the first lone surrogate, in UTF-16 units.
 */
export function refuseHalves(text: string, what: string): void {
  const at = text.search(lone);
  if (at < 0) return;
  throw new RangeError(
    `${what} has half a character at index ${at}: the surrogate U+${text.charCodeAt(at).toString(16).toUpperCase()} ` +
      "stands alone, and UTF-8 has no bytes for it. Remove it, or call toWellFormed() to put U+FFFD in its place.",
  );
}

const encoder = new TextEncoder();

/** The bytes of a text in UTF-8; the text must have passed `refuseHalves`. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * A string of its own for a word that will be kept. An engine may hand out a word as a window on the text that it was cut
 * from; a table of such words would keep every text alive.
 */
export function ownCopy(word: string): string {
  return decoder.decode(encoder.encode(word));
}

/** The bytes that a text spells in a vocabulary, where they are not its own: "Ġa" spells a space and an a. Else undefined. */
export function otherBytes(text: string): Uint8Array | undefined {
  const spelled = unspell(text);
  const own = utf8(text);
  const same = spelled?.length === own.length && spelled.every((byte, i) => byte === own[i]);
  return same ? undefined : spelled;
}
