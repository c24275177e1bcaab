/**
 * Server-sent events, as HTML's standard reads them: lines end with CR, LF or both, a line that begins with a colon is a comment,
 * an empty line sends what was collected. Only the data is kept: nobody here uses names, ids or times to wait.
 */
export class EventLines {
  /** Characters of a line whose end has not come. */
  #rest = "";
  /** Lines of data of an event that is not over. */
  #data: string[] = [];
  #began = false;
  /** Whether the last line ended with a CR, to which an LF belongs that may still come. */
  #afterReturn = false;

  /** Takes the next characters. @returns the data of the events that they complete. */
  push(text: string): string[] {
    if (text === "") return [];
    let fresh = text;
    if (!this.#began) fresh = fresh.replace(/^\ufeff/, ""); // one mark of the byte order may stand at the very beginning
    if (this.#afterReturn) fresh = fresh.replace(/^\n/, "");
    this.#began = true;
    this.#afterReturn = fresh.endsWith("\r");
    const lines = (this.#rest + fresh).split(/\r\n|\r|\n/);
    this.#rest = lines.pop() ?? "";
    return lines.flatMap((line) => this.#line(line) ?? []);
  }

  /** @returns the data of the event that this line ends, if it does. */
  #line(line: string): string | undefined {
    if (line === "") {
      const data = this.#data;
      this.#data = [];
      return data.length > 0 ? data.join("\n") : undefined;
    }
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    if (field === "data") this.#data.push(colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, ""));
    return undefined;
  }
}
