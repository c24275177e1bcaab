/**
 * Which documents are held out: those whose hash says so. A document stays on its side when others are added, taken
 * away or put in another order, and copies of one are never on both.
 */

/** 32 bits of a text and a seed: FNV-1a over UTF-16 units, then Murmur3's finish. */
function hashOf(text: string, seed: number): number {
  let x = 0x811c9dc5 ^ Math.imul(seed, 0x9e3779b1);
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    x = Math.imul(x ^ (unit & 0xff), 0x01000193);
    x = Math.imul(x ^ (unit >>> 8), 0x01000193);
  }
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

/** How documents are split. */
export interface SplitOptions {
  /** Share of documents that are held out, above 0 and below 1. */
  readonly share: number;
  /** Another seed holds out others. */
  readonly seed: number;
}

/**
 * Documents for training and documents that training never sees, both in their order.
 * @throws RangeError for a share outside (0, 1), and where one side would be empty: there is nothing to measure by then.
 */
export function splitDocuments(
  documents: readonly string[],
  { share, seed }: SplitOptions,
): { train: string[]; heldOut: string[] } {
  if (!(share > 0 && share < 1)) throw new RangeError(`A share to hold out is above 0 and below 1, not ${share}.`);
  const isOut = documents.map((text) => hashOf(text, seed) < share * 2 ** 32);
  const heldOut = documents.filter((_, i) => isOut[i]);
  const train = documents.filter((_, i) => !isOut[i]);
  if (train.length > 0 && heldOut.length > 0) return { train, heldOut };
  throw new RangeError(
    `Of ${documents.length} documents, ${heldOut.length} would be held out and ${train.length} trained on; each side needs one. Give more text, shorter documents, another share or another seed.`,
  );
}
