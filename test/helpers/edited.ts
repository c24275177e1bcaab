/** Answers as edits of a text that is there, such as a solution. */

/** Each first text occurs exactly once and becomes the second. */
export type Edits = readonly (readonly [from: string, to: string])[];

/** @throws Error for a text that does not occur exactly once. @param name what the edits make, for the error. */
export function edited(text: string, edits: Edits, name: string): string {
  return edits.reduce((all, [from, to]) => {
    if (all.split(from).length !== 2) throw new Error(`${name}: "${from}" is not once in what is edited.`);
    return all.replace(from, () => to);
  }, text);
}
