import fc from "fast-check";
import { expect, it } from "vitest";
import { parseStrictJson } from "../../src/models/files/strict-json.ts";

const parse = (text: string, wholeNumbers = false) => parseStrictJson("x.json", text, { wholeNumbers });

it("says what JSON.parse says, of every value", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), fc.constantFrom(undefined, 1, "\t"), (value, indent) => {
      const text = JSON.stringify(value, null, indent);
      let strict: unknown;
      try {
        strict = parse(text);
      } catch (error) {
        // The one thing that is not taken: whole numbers that are not exact, such as 1e20 written out.
        expect(String(error)).toContain("beyond 2^53 - 1");
        return;
      }
      expect(JSON.stringify(strict)).toBe(JSON.stringify(JSON.parse(text)));
    }),
  );
});

it("takes nothing that JSON.parse refuses", () => {
  const seeds = ['{"a":[1,-0.5e-3,"\\u00e9\\n",true],"b":{"c":null}}', "[[],{},0,1.5]", '"x"'];
  const alphabet = [...'{}[]",:\\u0e-+.1 9tfn\n\u0001'];
  let taken = 0;
  fc.assert(
    fc.property(
      fc.constantFrom(...seeds),
      fc.array(fc.tuple(fc.nat(60), fc.constantFrom(...alphabet), fc.nat(1)), { minLength: 1, maxLength: 2 }),
      (seed, edits) => {
        let text = seed;
        for (const [at, character, removed] of edits) text = text.slice(0, at) + character + text.slice(at + removed);
        let strict: unknown;
        try {
          strict = parse(text);
        } catch {
          return;
        }
        taken++;
        expect(JSON.stringify(strict)).toBe(JSON.stringify(JSON.parse(text)));
      },
    ),
    { numRuns: 2000 },
  );
  expect(taken).toBeGreaterThan(50);
});

it.each([
  ['{"a":1,"b":{"a":2},"a":3}', 'character 19 is the key "a" for the second time in one object'],
  ['{"a":1,"\\u0061":3}', 'character 7 is the key "a" for the second time'],
  ['{"__proto__":1,"__proto__":2}', 'the key "__proto__" for the second time'],
  ["[9007199254740993]", "character 1 is the whole number 9007199254740993; beyond 2^53 - 1 they are not exact"],
  ["[9007199254740992]", "the whole number 9007199254740992; beyond 2^53 - 1"],
  ["[-9007199254740993]", "the whole number -9007199254740993"],
  ["1e999", "character 0 is 1e999, which is beyond float64"],
  ["[1,]", 'character 3 is "]", expected a value'],
  ['{"a":1,}', 'character 7 is "}", expected a key in quotes'],
  ['{"a" 1}', 'character 5 is "1", expected ":"'],
  ["[1 2]", 'character 3 is "2", expected "," or "]"'],
  ["", "character 0 is the end, expected a value"],
  ["{} x", 'character 3 is "x", expected the end of the file'],
  ["01", 'character 1 is "1", expected the end of the file'],
  ["NaN", 'character 0 is "N", expected a value'],
  ['"a\nb"', "character 0 begins a string with a control character"],
  ['"a\\x"', "character 0 begins a string with a control character or an unknown escape"],
  ['{"a":"\\ud800"}', "character 5 begins a string with half of a surrogate pair"],
  ['{"\\udc00\\ud800":1}', "character 1 begins a string with half of a surrogate pair"],
  ['["abc', "character 1 begins a string that does not end"],
  ['["abc\\"', "character 1 begins a string that does not end"],
  ["\ufeff{}", 'character 0 is "\ufeff", expected a value'],
  ["[".repeat(100_000), "character 65 lies deeper than 64 lists and objects"],
])("refuses %j", (text, message) => {
  const bad = () => parse(text);
  expect(bad).toThrow(RangeError);
  expect(bad).toThrow("x.json is not strict JSON: ");
  expect(bad).toThrow(message);
});

it("refuses what is not UTF-8", () => {
  expect(() => parseStrictJson("x.json", new Uint8Array([0x22, 0xff, 0x22]))).toThrow(
    "x.json is not UTF-8, as JSON has to be.",
  );
});

it("takes numbers of every form, and only plain digits where all numbers are counts", () => {
  expect(parse("[0,-0,1.5,1E2,9007199254740991,1e20]")).toEqual([0, -0, 1.5, 100, Number.MAX_SAFE_INTEGER, 1e20]);
  expect(parse("[0,12]", true)).toEqual([0, 12]);
  // Rounds to 2^53 - 1, a safe integer, and is not that number.
  expect(() => parse("9007199254740991.4", true)).toThrow("is 9007199254740991.4, expected a whole number in plain");
  expect(() => parse("1e2", true)).toThrow("is 1e2, expected a whole number in plain digits");
  expect(() => parse("[1,-0]", true)).toThrow("character 3 is -0, expected a whole number in plain digits");
  expect(parse('"\\ud83d\\ude43"')).toBe("🙃");
});

it("keeps __proto__ as a key", () => {
  const value = parse('{"__proto__":{"a":1}}') as Record<string, unknown>;
  expect(Object.keys(value)).toEqual(["__proto__"]);
  expect((value as { a?: unknown }).a).toBeUndefined();
});

it("reads a large string without running out of stack", () => {
  const text = "x".repeat(4_000_000);
  expect(parse(JSON.stringify(text))).toBe(text);
});
