/** Events from lines, however they are cut. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EventLines } from "../../src/load/index.ts";

/** The plain form: a whole text at once, line by line. */
function plain(text: string): string[] {
  const events: string[] = [];
  let data: string[] = [];
  const lines = text.replace(/^\ufeff/, "").split(/\r\n|\r|\n/);
  for (const line of lines.slice(0, -1)) {
    if (line === "") {
      if (data.length > 0) events.push(data.join("\n"));
      data = [];
    } else if (line === "data" || line.startsWith("data:")) data.push(line.replace(/^data:? ?/, ""));
  }
  return events;
}

function cut(text: string, places: readonly number[]): string[] {
  const lines = new EventLines();
  const at = [...new Set(places.map((place) => place % (text.length + 1)))].sort((a, b) => a - b);
  return [0, ...at].flatMap((from, i) => lines.push(text.slice(from, at[i] ?? text.length)));
}

describe("events", () => {
  it.each([
    ["one", "data: a\n\n", ["a"]],
    ["two", "data: a\n\ndata: b\n\n", ["a", "b"]],
    ["without a space", "data:a\n\n", ["a"]],
    ["one space only is taken away", "data:  a\n\n", [" a"]],
    ["lines of data are joined", "data: a\ndata: b\n\n", ["a\nb"]],
    ["comments", ": ping\n\n: ping\ndata: a\n: more\n\n", ["a"]],
    ["other fields", "event: x\nid: 4\nretry: 10\ndata: a\n\n", ["a"]],
    ["no data, no event", "event: x\n\n", []],
    ["empty data", "data\n\ndata:\n\n", ["", ""]],
    ["CR LF", "data: a\r\n\r\ndata: b\r\n\r\n", ["a", "b"]],
    ["CR", "data: a\r\rdata: b\r\r", ["a", "b"]],
    ["all mixed", "data: a\r\ndata: b\rdata: c\n\r\n", ["a\nb\nc"]],
    ["a mark of the byte order", "\ufeffdata: a\n\n", ["a"]],
    ["an end that does not come", "data: a\n\ndata: b\n", ["a"]],
    ["colons in it", 'data: {"a": "b:c"}\n\n', ['{"a": "b:c"}']],
    ["what only looks alike", "database: x\n\n", []],
  ])("%s", (_, text, events) => {
    expect(new EventLines().push(text)).toEqual(events);
    expect(plain(text)).toEqual(events);
    const each = new EventLines();
    expect([...text].flatMap((character) => each.push(character))).toEqual(events);
  });

  it("are the same however the text is cut", () => {
    const piece = fc.constantFrom(
      "data: a",
      "data:b",
      "data",
      ":c",
      "id: 1",
      "\n",
      "\r",
      "\r\n",
      "\n\n",
      "\ufeff",
      " ",
      "x:",
    );
    const text = fc.array(piece, { maxLength: 24 }).map((pieces) => pieces.join(""));
    fc.assert(
      fc.property(text, fc.array(fc.nat(), { maxLength: 8 }), (whole, places) => {
        expect(cut(whole, places)).toEqual(plain(whole));
      }),
      { numRuns: 500 },
    );
  });
});
