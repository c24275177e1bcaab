/** What requests are like, and which tokens are in their prompts. */
import { describe, expect, it } from "vitest";
import {
  inputTokens,
  mixedLengths,
  promptIds,
  promptWords,
  randomLengths,
  readTrace,
  sharedPrefix,
  textOfLength,
} from "../../src/load/index.ts";

const sum = (values: readonly number[]): number => values.reduce((total, each) => total + each, 0);
const alphabet = Array.from({ length: 50 }, (_, i) => 100 + i);

describe("random lengths", () => {
  it("a range ratio of 0 gives the mean itself", () => {
    const all = randomLengths({ count: 3, input: 10, output: 5 });
    expect(all.map((each) => [inputTokens(each), each.output])).toEqual([
      [10, 5],
      [10, 5],
      [10, 5],
    ]);
  });

  it("a ratio of 0.25 of 10 and 5 gives 7 to 13 and 3 to 7, each of them", () => {
    const all = randomLengths({ count: 400, input: 10, output: 5, rangeRatio: 0.25, prefix: 4, seed: 1 });
    expect([...new Set(all.map(inputTokens))].sort((a, b) => a - b)).toEqual([11, 12, 13, 14, 15, 16, 17]);
    expect([...new Set(all.map(({ output }) => output))].sort()).toEqual([3, 4, 5, 6, 7]);
  });

  it("all prompts begin with the prefix, and go on differently", () => {
    const prompts = randomLengths({ count: 2, input: 20, output: 1, prefix: 8 }).map(({ pieces }) =>
      promptIds(pieces, alphabet, 0),
    );
    expect(prompts[0].slice(0, 8)).toEqual(prompts[1].slice(0, 8));
    expect(prompts[0].slice(8)).not.toEqual(prompts[1].slice(8));
  });

  it("asks for a token at least, and refuses a ratio of 1", () => {
    const [one] = randomLengths({ count: 1, input: 0, output: 0 });
    expect([inputTokens(one), one.output]).toEqual([1, 1]);
    expect(() => randomLengths({ count: 1, input: 9, output: 9, rangeRatio: 1 })).toThrow(
      "The range ratio must be at least 0 and less than 1, and is 1.",
    );
  });
});

describe("shared prefixes", () => {
  const all = sharedPrefix({ groups: 3, promptsPerGroup: 4, system: 6, question: 2, output: 5, seed: 2 });

  it("every group has its beginning, every prompt its own end", () => {
    const prompts = all.map(({ pieces }) => promptIds(pieces, alphabet, 0));
    expect(prompts.every(({ length }) => length === 8)).toBe(true);
    const beginnings = prompts.map((ids) => ids.slice(0, 6).join());
    expect(new Set(beginnings).size).toBe(3);
    for (const each of new Set(beginnings)) expect(beginnings.filter((other) => other === each)).toHaveLength(4);
    expect(new Set(prompts.map(String)).size).toBe(12);
  });

  it("groups are mixed, by the seed", () => {
    const order = (seed: number) =>
      sharedPrefix({ groups: 3, promptsPerGroup: 4, system: 6, question: 2, output: 5, seed }).map(
        ({ pieces }) => pieces[1].key,
      );
    expect(order(2)).toEqual(all.map(({ pieces }) => pieces[1].key));
    expect(order(3)).not.toEqual(order(2));
    expect([...order(3)].sort()).toEqual([...order(2)].sort());
  });
});

describe("mixed lengths", () => {
  it.each([0, 1, 2])("seed %i: the mean is what was asked for, to less than a token", (seed) => {
    const all = mixedLengths({ count: 300, seed });
    expect(Math.abs(sum(all.map(inputTokens)) / 300 - 202)).toBeLessThan(0.02);
    const output = sum(all.map((each) => each.output)) / 300;
    expect(Math.abs(output - 179)).toBeLessThan(8); // some answers are cut, where both are long
    expect(all.every((each) => inputTokens(each) <= 1024 && inputTokens(each) + each.output <= 2048)).toBe(true);
    expect(Math.min(...all.map(inputTokens))).toBeGreaterThanOrEqual(4);
    // Lognormal: half of them are shorter than the mean by a factor of e^½, about.
    const sorted = all.map(inputTokens).sort((a, b) => a - b);
    expect(sorted[150]).toBeGreaterThan(100);
    expect(sorted[150]).toBeLessThan(160);
  });

  it("a short context cuts answers, and refuses a mean that it has no room for", () => {
    const all = mixedLengths({ count: 100, input: 40, output: 60, most: 128 });
    expect(all.every((each) => inputTokens(each) + each.output <= 128 && each.output >= 4)).toBe(true);
    expect(() => mixedLengths({ count: 2, most: 100 })).toThrow("A mean length of 202 tokens is not between 4 and 96.");
  });
});

describe("traces", () => {
  const trace = [
    '{"timestamp": 5000, "input_length": 1030, "output_length": 52, "hash_ids": [46, 47, 2353]}',
    '{"timestamp": 2000, "input_length": 700, "output_length": 26, "hash_ids": [46, 9]}',
    "",
    '{"timestamp": 3000, "input_length": 5, "output_length": 1}',
  ].join("\n");

  it("comes in the order of its times, from 0", () => {
    expect(readTrace(trace).map(({ at, pieces, output }) => [at, pieces.map(({ tokens }) => tokens), output])).toEqual([
      [0, [512, 188], 26],
      [1000, [5], 1],
      [3000, [512, 512, 6], 52],
    ]);
  });

  it("prompts share the blocks whose hashes are equal", () => {
    const [first, , last] = readTrace(trace).map(({ pieces }) => promptIds(pieces, alphabet, 0));
    expect(first.slice(0, 512)).toEqual(last.slice(0, 512));
    expect(first.slice(512, 600)).not.toEqual(last.slice(512, 600));
  });

  it("a piece that is cut is the beginning of the whole one", () => {
    const whole = promptIds([{ key: "block 1", tokens: 512 }], alphabet, 0);
    expect(promptIds([{ key: "block 1", tokens: 100 }], alphabet, 0)).toEqual(whole.slice(0, 100));
  });

  it.each([
    ["nothing", "Line 1 of the trace is not JSON: nothing"],
    ["null", "Line 1 of the trace has no timestamp in milliseconds: null"],
    [
      '{"timestamp": 1, "input_length": 0, "output_length": 2}',
      "needs input_length and output_length, each at least 1",
    ],
    ['{"timestamp": 1, "input_length": 1, "output_length": 2, "hash_ids": 7}', "has hash_ids that are not a list"],
  ])("refuses %s", (line, message) => {
    expect(() => readTrace(line)).toThrow(message);
  });
});

describe("prompts", () => {
  const pieces = [{ key: "a", tokens: 30 }];

  it("are of the alphabet, and a function of the seed and the key", () => {
    const ids = promptIds(pieces, alphabet, 0);
    expect(ids.every((id) => alphabet.includes(id))).toBe(true);
    expect(promptIds(pieces, alphabet, 0)).toEqual(ids);
    expect(promptIds(pieces, alphabet, 1)).not.toEqual(ids);
    expect(promptIds([{ key: "b", tokens: 30 }], alphabet, 0)).not.toEqual(ids);
  });

  it("are a word per token, where tokens are not known", () => {
    expect(promptWords(pieces, 0).split(" ")).toHaveLength(30);
  });

  /** Letters as tokens, where "ab" is one: decoding and encoding makes fewer. */
  const merging = {
    decode: async (ids: readonly number[]) => String.fromCharCode(...ids),
    encode: async (text: string) => [...text.replaceAll("ab", "z")].map((each) => each.charCodeAt(0)),
  };

  it("a text is made longer until it has as many tokens", async () => {
    const made = await textOfLength(
      [..."abcab"].map((each) => each.charCodeAt(0)),
      merging,
      [120],
      0,
    );
    expect(made).toEqual({ text: "zczxx", tokens: 5 });
  });

  it("a text is cut where it has more", async () => {
    const splitting = {
      ...merging,
      encode: async (text: string) => [...text.replaceAll("z", "yy")].map((c) => c.charCodeAt(0)),
    };
    expect(await textOfLength([97, 122, 98], splitting, [120], 0)).toEqual({ text: "ayy", tokens: 3 });
  });

  it("a text that is right is encoded once", async () => {
    let times = 0;
    const encode = (text: string): Promise<number[]> => {
      times++;
      return merging.encode(text);
    };
    const counted = { ...merging, encode };
    expect(await textOfLength([97, 99], counted, [120], 0)).toEqual({ text: "ac", tokens: 2 });
    expect(times).toBe(1);
  });

  it("gives up after ten corrections, and says how long it is", async () => {
    let tries = 0;
    const never = {
      decode: async () => `${++tries}`,
      encode: async () => [1, 2],
    };
    expect(await textOfLength([1, 2, 3], never, [4], 0)).toEqual({ text: "11", tokens: 2 });
  });
});
