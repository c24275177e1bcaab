/**
 * What a model learns from, one piece at a time: token ids, and how much the prediction of each counts. A sample is
 * one document, or one window of a long one; samples never see each other.
 */

/** Token ids of one document or window. */
export interface Sample {
  readonly ids: readonly number[];
  /** Of each id, the weight of the loss when it is predicted from those before it. The first is never predicted. */
  readonly weights: readonly number[];
}

/** Samples by number. */
export interface Samples {
  /** How many there are in an epoch; Infinity where new ones are made for ever. */
  readonly count: number;
  /** @param index from 0 to count - 1. Always the same for the same index. */
  get(index: number): Sample;
}

/** A part of a document. */
export interface Part {
  /** `plain` stands without a role: a story that nobody asked for. */
  readonly role: "plain" | "user" | "assistant";
  readonly text: string;
  /** Weight of the loss on its tokens; 0 for what the model is only to read. */
  readonly weight: number;
}

/** How text becomes ids. */
export interface Encoder {
  encode(text: string): readonly number[];
  /** Ids of the special tokens. */
  readonly bos: number;
  readonly eos: number;
  readonly user: number;
  readonly assistant: number;
}

/** A document as a sample: bos, then each part after the token of its role, with eos after what the model says. */
export function encodeParts(parts: readonly Part[], encoder: Encoder): Sample {
  const ids: number[] = [encoder.bos];
  const weights: number[] = [0];
  const push = (id: number, weight: number): void => {
    ids.push(id);
    weights.push(weight);
  };
  for (const { role, text, weight } of parts) {
    if (role !== "plain") push(encoder[role], 0);
    for (const id of encoder.encode(text)) push(id, weight);
    if (role !== "user") push(encoder.eos, weight);
  }
  return { ids, weights };
}

/** A long text cut into windows of at most `length` ids, each of which begins with bos and predicts its own tokens alone. */
export function windowsOf(ids: readonly number[], length: number, encoder: Pick<Encoder, "bos" | "eos">): Sample[] {
  const body = [...ids, encoder.eos];
  const windows: Sample[] = [];
  for (let from = 0; from < body.length; from += length - 1) {
    const part = body.slice(from, from + length - 1);
    windows.push({ ids: [encoder.bos, ...part], weights: [0, ...part.map(() => 1)] });
  }
  return windows;
}
