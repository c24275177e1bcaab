/**
 * Answers that return or throw garbage, to every exercise: it is judged and named, and nothing falls over
 * it. Each export of an answer does the same. None of these values is right anywhere.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { courseExercises } from "../../src/exercise/node/catalog.ts";
import { check, loadExercise } from "../../src/exercise/node/checker.ts";
import { isLong } from "../helpers/long.ts";

const folder = mkdtempSync(join(tmpdir(), "worldsize-garbage-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** What stands in the answers beside the garbage. */
const preamble = `
  const thrower = () => { throw new Error("do not look"); };
  const traps = Object.fromEntries(Reflect.ownKeys(Reflect).filter((k) => typeof k === "string").map((k) => [k, thrower]));
  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  class Own { value = 1; rank = 0; }
`;

/** Bodies of the functions. `args` is what they were handed. */
const garbage: Record<string, string> = {
  undefined: "return undefined",
  null: "return null",
  NaN: "return NaN",
  "-0": "return -0",
  "the empty text": 'return ""',
  "a huge text": 'return "x".repeat(3_000_000)',
  "a bigint": "return 10n",
  "a symbol": 'return Symbol("s")',
  "a function": "return () => 3",
  "an object of a class": "return new Own()",
  "lists in lists": "return [[[]], [NaN, [undefined, null]]]",
  "a list of odd things": "return [1n, Symbol(), () => 1, Promise.resolve(1), NaN, -0, , null]",
  "a sparse list": "return Array(2 ** 32 - 1)",
  "an empty object": "return {}",
  "a getter that throws": "return { get value() { return thrower(); }, get length() { return thrower(); } }",
  "a proxy that throws": "return new Proxy({}, traps)",
  "a proxy that is revoked": "const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return proxy",
  "a promise": "return Promise.resolve(Promise.resolve(3))",
  "a promise in a list": "return [Promise.resolve(3)]",
  "a rejected promise": 'return Promise.reject(new Error("no luck"))',
  "a rejected promise in a list": 'return [Promise.reject(new Error("no luck"))]',
  "a then that throws": "return { then() { throw null; } }",
  "a tensor": "const d = args.find((a) => a?.zeros); return d ? d.zeros([3, 1]) : new Float32Array(3)",
  "a detached array": "const a = new Float64Array(8); structuredClone(a.buffer, { transfer: [a.buffer] }); return a",
  "a huge array": "return new Uint8Array(1e8)",
  "a date": "return new Date(NaN)",
  "a cycle": "return cycle",
  "an error": 'return new TypeError("returned")',
  "what it was handed": "return args",
  "throws nothing": "throw undefined",
  "throws null": "throw null",
  "throws a symbol": 'throw Symbol("s")',
  "throws a proxy": "throw new Proxy({}, traps)",
  "throws a proxy of an error": "throw new Proxy(new Error(), traps)",
  "throws an object": "throw { a: 1 }",
  "throws an error without words": "throw new Error()",
  "throws an error whose message throws": "throw Object.defineProperty(new Error(), 'message', { get: thrower })",
  "throws an error whose message is an object": "throw Object.assign(new Error(), { message: {}, stack: {} })",
  "throws a huge text": 'throw new Error("x".repeat(3_000_000))',
};

/** As above, but each costs seconds until nothing has moved for long enough; all judges share what notices. */
const endless: Record<string, string> = {
  "a promise that never ends": "return new Promise(() => {})",
  "a then that never calls": "return { then() {} }",
};
const patientOnes: readonly string[] = ["1.2"];

/** What no message may hold: an object that nobody put in words, and a fault of the judge or of what feeds it. */
const faults = /\[object |stumbled|without a report|exercise\.ts|harness\.ts|ReferenceError/;

const answerOf = (names: readonly string[], body: string): string =>
  names
    .map((name) =>
      name === "default"
        ? `export default defineScript({ about: "", main: (...args: any[]): any => { ${body} } });`
        : `export function ${name}(...args: any[]): any { ${body} }`,
    )
    .join("\n");

/** In the short form each exercise gets every fourth one, and its neighbors the others. */
const chosen = (place: number): boolean => isLong || place % 4 === 0;

describe.each(courseExercises().map((each, place) => ({ ...each, place })))(
  "exercise $number",
  ({ number, file, place }) => {
    it("names garbage, and falls over none", async () => {
      const { exports } = await loadExercise(file);
      const some = Object.entries(garbage).filter((_, i) => chosen(i + place));
      const all = [...some, ...Object.entries(patientOnes.includes(number) ? endless : {})];
      const answer = join(folder, `${number}.ts`);
      const odd: string[] = [];
      for (const [name, body] of all) {
        writeFileSync(answer, `import { defineScript } from "worldsize";\n${preamble}\n${answerOf(exports, body)}\n`);
        const verdict = await check(file, answer, { seed: 1 });
        const message = verdict.verdict === "passed" ? "" : verdict.message;
        const isNamed = message.length > 12 && message.length < 700 && !faults.test(message);
        const wanted = name in endless ? "could not run" : "failed";
        if (verdict.verdict !== wanted || !isNamed) odd.push(`${name}: ${verdict.verdict}: ${message.slice(0, 700)}`);
      }
      expect(odd).toEqual([]);
    }, 120_000);
  },
);
