/** Every number that the course states comes from a command or a calculation that runs here, or carries its source. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { numberIn } from "./claims/claim.ts";
import { registers } from "./claims/registers.ts";
import { statedIn } from "./claims/statements.ts";
import { broken, idle, lost, uncovered } from "./claims/verify.ts";

describe.each(registers)("$page", (register) => {
  const text = readFileSync(register.page, "utf8");

  it("says what is claimed, and claims what it says", () => {
    expect(lost(text, register)).toEqual([]);
    expect(uncovered(text, register)).toEqual([]);
    expect(idle(text, register)).toEqual([]);
  });

  it("has numbers that come out", async () => {
    const wrong: string[] = [];
    for (const claim of register.claims) wrong.push(...(await broken(claim)));
    expect(wrong).toEqual([]);
  });

  it("would be noticed with any of its numbers changed", () => {
    for (const { at, number } of statedIn(text)) {
      const digit = /\d/.exec(number);
      if (!digit) continue;
      const place = at + digit.index;
      const changed = text.slice(0, place) + String((Number(text[place]) + 1) % 10) + text.slice(place + 1);
      expect([...lost(changed, register), ...uncovered(changed, register)], `${number} at ${at}`).not.toEqual([]);
    }
  });
});

describe("the finder", () => {
  const numbers = (text: string): string[] => statedIn(text).map(({ number }) => number);

  it("finds numbers with units, shares, counts in words, and rows of tables", () => {
    expect(numbers("It takes 1.75 B, 27 % of 4,000 bytes.")).toEqual(["1.75", "27", "4,000"]);
    expect(numbers("Twelve messages later; half an hour, twice the tensor.")).toEqual([
      "Twelve messages",
      "half an hour",
      "twice",
    ]);
    expect(numbers("| ring | 2 (n - 1) | 450 GB/s |")).toEqual(["2", "450"]);
  });

  it("leaves names, references, code and years alone", () => {
    expect(numbers("In chapter 5 (exercise 3.3), rank 0 of `-n 4` on NVLink 4 sends f32; RFC 2104, 1997.")).toEqual([]);
    expect(numbers("```\n12 bytes\n```\n# 3 Collectives\n1. First\nn - 1 of them")).toEqual([]);
  });

  it("reads numbers as they are written", () => {
    expect(["1,024", "2.5", "twelve messages", "sixty-four servers", "twice"].map(numberIn)).toEqual([
      1024, 2.5, 12, 64, 2,
    ]);
  });
});
