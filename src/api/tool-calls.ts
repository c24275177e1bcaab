/** Calls of tools in a text as it comes: `<tool_call>{"name": …, "arguments": {…}}</tool_call>`, as Hermes and Qwen write them. */

/** A call. */
export interface ToolCall {
  readonly name: string;
  /** JSON, as a text. */
  readonly arguments: string;
}

/** What a text was found to be. */
export type ToolPart = { readonly text: string } | { readonly call: ToolCall };

const [OPEN, CLOSE] = ["<tool_call>", "</tool_call>"];

/** Finds calls; what could be the beginning of one is held back. What is between marks and no call stays text. */
export class ToolCallFinder {
  #held = "";

  /** Takes more of the text. */
  push(text: string): ToolPart[] {
    this.#held += text;
    const parts: ToolPart[] = [];
    for (;;) {
      const open = this.#held.indexOf(OPEN);
      if (open < 0) {
        const end = this.#held.length - begun(this.#held);
        if (end > 0) parts.push({ text: this.#held.slice(0, end) });
        this.#held = this.#held.slice(end);
        return parts;
      }
      if (open > 0) parts.push({ text: this.#held.slice(0, open) });
      this.#held = this.#held.slice(open);
      const close = this.#held.indexOf(CLOSE);
      if (close < 0) return parts;
      const call = callOf(this.#held.slice(OPEN.length, close));
      const end = close + CLOSE.length;
      parts.push(call ? { call } : { text: this.#held.slice(0, end) });
      this.#held = this.#held.slice(end);
    }
  }

  /** There is no more text. */
  end(): ToolPart[] {
    const rest = this.#held;
    this.#held = "";
    return rest === "" ? [] : [{ text: rest }];
  }
}

/** Characters at the end of a text that a mark begins with. */
function begun(text: string): number {
  for (let length = Math.min(OPEN.length - 1, text.length); length > 0; length--)
    if (text.endsWith(OPEN.slice(0, length))) return length;
  return 0;
}

function callOf(text: string): ToolCall | undefined {
  try {
    const { name, arguments: given, parameters = {} } = JSON.parse(text) as Record<string, unknown>;
    if (typeof name !== "string") return undefined;
    return { name, arguments: JSON.stringify(given ?? parameters) };
  } catch {
    return undefined;
  }
}
