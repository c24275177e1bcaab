/**
 * The wall around answers: what they try on the recorder, the inputs, each other and the machine. A trick says
 * "nothing" when it was held back, and throws or does not compile when it ran against the wall.
 */
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { checkOnce, loadExercise } from "../../src/exercise/node/checker.ts";
import { compileAnswer } from "../../src/exercise/node/compile-answer.ts";
import { compileProgram } from "../../src/job/node/compile.ts";
import { runJob } from "../../src/job/node/job.ts";
import type { Shown } from "../../src/script/index.ts";
import { useThreads } from "../helpers/threads.ts";

useThreads("once");

const folder = mkdtempSync(join(tmpdir(), "worldsize-wall-"));
afterAll(() => rmSync(folder, { recursive: true }));
const file = fileURLToPath(new URL("wall/exercise.ts", import.meta.url));

/** Bodies of `probe({ world, device, show, store })`, which return what they have reached. */
const tricks: Readonly<Record<string, string>> = {
  // code from text
  "the constructor of a function, taken apart": `const { constructor: F } = () => 0; return F("return process")().pid;`,
  "the same by a computed name": `return (() => 0)["constr" + "uctor"]("return process")().pid;`,
  "the constructor of an async function": `return await (async () => 0).constructor("return process.pid")();`,
  "the constructor of a generator": `return (function* () {}).constructor("yield process.pid")().next().value;`,
  "Reflect.construct": `return Reflect.construct(Object.getPrototypeOf(() => 0).constructor, ["return process"])().pid;`,
  "eval by another name": `const e = (0, eval); return e("process").pid;`,
  "a timer with text": `return await new Promise((r) => { setTimeout("x", 1); setTimeout(() => r("nothing"), 5); });`,
  // modules and names
  "an import that is put together": `return (await import("worldsize".replace("worldsize", "node:fs"))).readdirSync("/");`,
  "an import of a template": "return (await import(`node:${'fs'}`)).readdirSync('/');",
  "a require": `return require("node:fs").readdirSync("/");`,
  "the global object by its names": `return globalThis.process.pid;`,
  "the global object by Reflect": `return Reflect.get(globalThis, "process").pid;`,
  "this of a function": `return (function () { return this; })() === undefined ? "nothing" : "this";`,
  "this of a timer": `return await new Promise((r) => setTimeout(function () { r(this?.process ? "process" : "nothing"); }, 1));`,
  "a channel to other threads": `const c = new BroadcastChannel("x"); c.postMessage(1); return "a channel";`,
  "memory of another kind": `return new WebAssembly.Memory({ initial: 1 }).buffer.byteLength;`,
  "the console's streams": `return console._stdout ? "a stream" : "nothing";`,
  "the network": `return typeof (await fetch("http://127.0.0.1:1").catch(() => 1));`,
  // built-ins of the realm
  "a patched Array.prototype.push": `Array.prototype.push = function () { return 0; }; return "push";`,
  "a patched Array.prototype.push, defined": `Object.defineProperty(Array.prototype, "push", { value: () => 0 }); return "push";`,
  "a patched JSON.stringify": `JSON.stringify = () => '{"report":{"reached":"nothing"}}'; return "stringify";`,
  "a patched String.prototype": `String.prototype.startsWith = () => true; return "startsWith";`,
  "a patched Promise.prototype.then": `Promise.prototype.then = () => 0; return "then";`,
  "a patched Object.prototype": `Object.prototype.toJSON = () => ({}); return "Object.prototype";`,
  "a shadowed method of Object.prototype itself": `Object.prototype.toString = () => "x"; return "toString";`,
  "a setter on Object.prototype": `Object.defineProperty(Object.prototype, "word", { set() {} }); return "a setter";`,
  "a patched iterator": `Object.getPrototypeOf([][Symbol.iterator]()).next = () => ({ done: true }); return "next";`,
  "a patched Map": `Map.prototype.get = () => 0; return "Map";`,
  "a patched Math": `Math.random = () => 0; return "Math";`,
  "a patched Atomics": `Atomics.load = () => 0; return "Atomics";`,
  "the way stacks are made": `Error.prepareStackTrace = (_, frames) => frames; return new Error().stack.length;`,
  "a number left in how long stacks are": `Error.stackTraceLimit = 17; return "a number";`,
  "something new on Error": `Error.word = "x"; return "Error";`,
  // the library
  "the layer below the device": `return device.raw.runtime.pool.memory.wasm.buffer.byteLength;`,
  "the same by its descriptor": `
    const { get } = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Object.getPrototypeOf(device)), "raw");
    return get.call(device).runtime.pool.memory.wasm.buffer.byteLength;`,
  "the layer below a tensor's device": `return device.zeros([1]).device.raw.runtime ? "raw" : "nothing";`,
  "the plan of an operation": `const w = world.barrier(); const { plan } = w; await w; return plan ? "a plan" : "nothing";`,
  "a patched allReduce": `Object.getPrototypeOf(world).allReduce = async () => {}; return "allReduce";`,
  "a patched Tensor": `device.zeros([1]).constructor.prototype.item = async () => 1; return "item";`,
  "a word left on a class": `world.constructor.word = 1; return "a class";`,
  "a word left on a function of the library": `
    const { defineScript } = await import("worldsize"); defineScript.word = 1; return "a function";`,
  "a word left on the ranks' list": `world.ranks.push(7); return world.ranks.length > world.size ? "the ranks" : "nothing";`,
  "a word left on the clock": `performance.word = 1; return "the clock";`,
};

async function tried(name: string, body: string): Promise<string[]> {
  const answer = join(folder, `${name.replaceAll(/\W/g, "-")}.ts`);
  writeFileSync(answer, `// @ts-nocheck\nexport async function probe({ world, device, show, store }) {\n${body}\n}\n`);
  const exercise = await loadExercise(file);
  const said: string[] = [];
  for (const transport of ["local", "shm"] as const) {
    try {
      const program = await compileAnswer(file, answer);
      const settings = { world: 2, transport, seed: 1, interleaving: undefined, variant: 0 };
      const verdict = await checkOnce(exercise, program, settings);
      said.push(verdict.verdict === "passed" ? "held" : `${verdict.verdict}: ${verdict.message}`);
    } catch (error) {
      said.push(`refused: ${(error as Error).message}`);
    }
  }
  return said;
}

describe("an answer does not reach", () => {
  it.each(Object.entries(tricks))("%s", async (name, body) => {
    for (const said of await tried(name, body)) {
      expect(said).not.toMatch(/the wall|has reached/);
      expect(said).toMatch(/^held$|^refused: .*:\d+: an answer may use only|^failed: rank \d threw: /);
    }
  });

  /** Held back everywhere, also where no wall is. */
  const never = [
    "a timer with text",
    "this of a function",
    "this of a timer",
    "the plan of an operation",
    "a word left on the ranks' list",
  ];

  it("tricks get through where there is no wall", async () => {
    for (const [name, body] of Object.entries(tricks)) {
      if (never.includes(name)) continue;
      const program = join(folder, "unwalled.ts");
      const probe = `async function probe({ world, device, show, store }) {\n${body}\n}`;
      const main =
        "async main(context) { const got = await probe(context); context.show.line(String(got)); process.exit(0); }";
      writeFileSync(
        program,
        `// @ts-nocheck\nimport { defineScript } from "worldsize";\nimport { createRequire } from "node:module";
         const require = createRequire(import.meta.url);\n${probe}\nexport default defineScript({ about: "x", ${main} });\n`,
      );
      const reached: string[] = [];
      const keep = (_: number, what: Shown): void => void (what.kind === "line" && reached.push(what.text));
      await runJob({ program: await compileProgram(program), ranks: 1, transport: "local", onShown: keep, silence: 0 });
      expect(reached, name).toHaveLength(1);
      expect(reached[0], name).not.toBe("nothing");
    }
  });

  it("a wall that is not there is noticed", async () => {
    for (const said of await tried("not a trick", `return "something";`)) expect(said).toMatch(/has reached/);
  });

  it("a module by a link to a file that imports it", async () => {
    const real = join(folder, "real.ts");
    writeFileSync(
      real,
      'import { readdirSync } from "node:fs";\nexport const probe = async () => readdirSync("/").length;\n',
    );
    const link = join(folder, "link.ts");
    symlinkSync(real, link);
    for (const answer of [real, link]) {
      await expect(compileAnswer(file, answer)).rejects.toThrow(/may import nothing but "worldsize", not "node:fs"/);
    }
  });

  it("what was recorded", async () => {
    const answer = join(folder, "recorded.ts");
    const body = `const work = world.barrier(); await work; const { operation } = work;
      for (const key of Object.keys(operation)) { try { operation[key] = "send"; } catch {} }
      throw new Error("on purpose");`;
    writeFileSync(answer, `// @ts-nocheck\nexport async function probe({ world }) {\n${body}\n}\n`);
    const settings = { world: 2, transport: "local", seed: 1, interleaving: undefined, variant: 0 } as const;
    const verdict = await checkOnce(await loadExercise(file), await compileAnswer(file, answer), settings);
    if (verdict.verdict !== "failed") throw new Error(verdict.verdict);
    for (const { operations } of verdict.traffic) {
      expect(operations.map(({ kind, text }) => [kind, text])).toEqual([["barrier", "barrier()"]]);
    }
  });

  it("what it may use: own names, errors with names, timers, text, its console", async () => {
    const body = `
      class Mine extends Error { constructor(m) { super(m); this.name = "Mine"; this.message = m + "!"; } toString() { return "mine"; } }
      const process = { pid: 1 }, self = 2, require = (x) => x;
      const o = { constructor: 1, toString: 2, import(x) { return x; } }; o.valueOf = 3; o.hasOwnProperty = 4;
      const f = () => 0; f.call = 5;
      const e = new Mine("m"); const t = new TypeError("x"); t.message = "y"; t.name = "z";
      await new Promise((r) => setTimeout(r, 1));
      console.log("import(x) and process", structuredClone([1]), new TextEncoder().encode("x").length);
      const right = e.name === "Mine" && e.message === "m!" && String(e) === "mine" && t.message === "y" && t.name === "z";
      const all = process.pid + self + require(1) + o.import(1) + o.valueOf + o.toString + f.call;
      return right && all === 1 + 2 + 1 + 1 + 3 + 2 + 5 ? "nothing" : "less";`;
    expect(await tried("right", body)).toEqual(["held", "held"]);
  });
});
