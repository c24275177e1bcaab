/** What answers return arrives at the judge as what it is, or as words for it, whatever it is. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Form, formed, isOdd, packReport, unpackReport } from "../../src/exercise/report.ts";
import { makeTensorDevice } from "../helpers/device.ts";

const travelled = (value: unknown): unknown => unpackReport(JSON.parse(JSON.stringify(packReport(value))));

class Point {
  x = 1;
}

const cycle: Record<string, unknown> = {};
cycle.self = cycle;

/** Values, and the words that a judge has for them. */
const oddities: readonly (readonly [string, unknown, string | RegExp])[] = [
  ["a promise", Promise.resolve(3), "a Promise"],
  // biome-ignore lint/suspicious/noThenProperty: on purpose
  ["what has a then", { then: () => 3 }, "a Promise"],
  ["a function", () => 3, "a function"],
  ["a symbol", Symbol("x"), "a symbol"],
  ["a bigint", 3n, "the bigint 3n"],
  ["a map", new Map([[1, 2]]), "a Map"],
  ["a class", new Point(), "a Point"],
  ["a typed array", Float32Array.of(1), "a Float32Array"],
  ["a cycle", cycle, /levels/],
  [
    "a getter that throws",
    {
      get x() {
        throw new Error("boo");
      },
    },
    /throws when it is looked at \(boo\)/,
  ],
  [
    "a proxy that throws",
    new Proxy(
      {},
      {
        getPrototypeOf() {
          throw new Error("no");
        },
      },
    ),
    /throws/,
  ],
  ["a toJSON", { toJSON: () => 3 }, /function/],
  ["a long list", Array.from({ length: 100_000 }), "a list of 100000"],
  ["a sparse list", Array(2 ** 31), `a list of ${2 ** 31}`],
  ["a long text", "x".repeat(200_000), "a string of 200000 characters"],
];

describe("what an answer returns", () => {
  it("is the same for the judge, if it is plain", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(travelled(value)).toEqual(value);
      }),
    );
    for (const value of [NaN, Infinity, -Infinity, -0, undefined, { $: 1 }, { $$: 1 }, { a: undefined }, [NaN]])
      expect(travelled(value)).toEqual(value);
  });

  it.each(oddities)("arrives in words: %s", (_, value, words) => {
    const arrived = travelled(value);
    if (words instanceof RegExp) expect(JSON.stringify(arrived)).toMatch(words);
    else expect(String(arrived)).toBe(words);
    expect(travelled({ deep: [value] })).toBeDefined();
  });

  it("is spoiled by no part that throws when it is looked at", () => {
    const value = {
      good: 1,
      list: [2, oddities[9][1]],
      get bad() {
        throw new Error("boo");
      },
    };
    expect(JSON.parse(JSON.stringify(travelled(value)))).toEqual({
      good: 1,
      list: [2, { x: "something that throws when it is looked at (boo)" }],
      bad: "something that throws when it is looked at (boo)",
    });
  });

  it("arrives in words: a tensor", async () => {
    const device = await makeTensorDevice();
    expect(String(travelled(device.zeros([2, 3])))).toBe("a Tensor (f32[2,3])");
  });

  it("is compared with its form, and named where it differs", () => {
    const said = (value: unknown, form: Form): string => {
      try {
        formed(travelled(value), form, "rank 1's answer");
        return "";
      } catch (error) {
        return (error as Error).message;
      }
    };
    expect(said(3, "number")).toBe("");
    expect(said(NaN, "number")).toBe(""); // a number by its type; what it should be is for the judge to say
    expect(said(Promise.resolve(3), "number")).toBe(
      "rank 1's answer is a Promise; it should be a number. The function should return it at once: no async.",
    );
    expect(said([Promise.resolve(3)], ["number"])).toBe(
      "rank 1's answer[0] is a Promise; it should be a number. Is an await missing?",
    );
    expect(said([NaN, [undefined, -0, "a"], { b: 1n }], "number")).toBe(
      'rank 1\'s answer is the list [NaN, [undefined, -0, "a"], { b: the bigint 1n }]; it should be a number.',
    );
    expect(said(Float32Array.of(1), ["number"])).toMatch(/is a Float32Array; .* \[\.\.\.array\] makes a list of it\.$/);
    expect(said(undefined, "number")).toBe(
      "rank 1's answer is nothing (undefined); it should be a number. Is a return missing?",
    );
    expect(said("3", "number")).toBe(
      'rank 1\'s answer is the string "3"; it should be a number. Return the number itself.',
    );
    expect(said([1, "2"], ["number"])).toBe(
      'rank 1\'s answer[1] is the string "2"; it should be a number. Return the number itself.',
    );
    expect(said({ a: 1 }, { a: "number", b: "string" })).toBe("rank 1's answer has no b; it should be a string.");
    expect(said(3, { a: "number", b: "string" })).toBe("rank 1's answer is 3; it should be an object with a, b.");
    expect(said(undefined, { either: ["number", "undefined"] })).toBe("");
    expect(said(null, { either: ["number", "undefined"] })).toMatch(/is null; it should be a number or undefined/);
  });

  it("never makes a judge's question throw anything but its own word", () => {
    const forms: Form[] = ["number", ["string"], { a: { b: "number" } }, { either: ["boolean", { a: "number" }] }];
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true, withBigInt: true, withMap: true }), (value) => {
        for (const form of forms) {
          try {
            formed(travelled(value), form, "it");
          } catch (error) {
            expect((error as Error).name).toBe("Wrong");
          }
        }
      }),
    );
    expect(isOdd(travelled(() => 1))).toBe(true);
  });
});
