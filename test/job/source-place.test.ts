/** What a file of a program knows of its own place, and what CommonJS files may do: as if nothing had been bundled. */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { checkOnce, loadExercise } from "../../src/exercise/node/checker.ts";
import { compileAnswer } from "../../src/exercise/node/compile-answer.ts";
import { compileProgram } from "../../src/job/node/compile.ts";
import { type JobResult, runJob } from "../../src/job/node/job.ts";
import type { Shown } from "../../src/script/index.ts";
import { useThreads } from "../helpers/threads.ts";

useThreads("once");

const folder = realpathSync(mkdtempSync(join(tmpdir(), "worldsize-place-")));
afterAll(() => rmSync(folder, { recursive: true }));

let made = 0;
/** A folder of its own with files in it. */
function project(files: Readonly<Record<string, string>>): string {
  const home = join(folder, `a b#%41é${made++}`); // with characters that mean something in a URL
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(home, name)), { recursive: true });
    writeFileSync(join(home, name), text);
  }
  return home;
}

/** What a program exports. */
async function saidBy(file: string): Promise<unknown> {
  return ((await import((await compileProgram(file)).url)) as { default: unknown }).default;
}

/** Runs a program on one rank. */
async function run(file: string, transport: "local" | "shm"): Promise<JobResult & { readonly lines: string[] }> {
  const lines: string[] = [];
  const onShown = (_: number, what: Shown): void => void (what.kind === "line" && lines.push(what.text));
  const result = await runJob({ program: await compileProgram(file), ranks: 1, transport, onShown, silence: 0 });
  return { ...result, lines };
}

/** Expressions of a module, and what they are in a file. */
const ofModules: Readonly<Record<string, (file: string) => unknown>> = {
  "import.meta.url": (file) => pathToFileURL(file).href,
  "import.meta.dirname": (file) => dirname(file),
  "import.meta.filename": (file) => file,
  'import.meta["url"]': (file) => pathToFileURL(file).href,
  "import/* */.meta\n.url": (file) => pathToFileURL(file).href,
  "(({ url, dirname }) => [url, dirname])(import.meta)": (file) => [pathToFileURL(file).href, dirname(file)],
  "((f) => f())(() => { const meta = 1, url = 2; return [meta, url, import.meta.url]; })": (file) => [
    1,
    2,
    pathToFileURL(file).href,
  ],
  "import.meta.nothing": () => undefined,
  '"import.meta.url"': () => "import.meta.url",
  'import.meta.resolve("./x.ts")': (file) => pathToFileURL(join(dirname(file), "x.ts")).href,
  'import.meta.resolve("node:fs")': () => "node:fs",
  'import.meta.resolve("fs")': () => "node:fs",
  'import.meta.resolve("https://example.org/x")': () => "https://example.org/x",
  'new URL("./data.txt?x#y", import.meta.url).search': () => "?x",
  'fs.readFileSync(new URL("./data.txt", import.meta.url), "utf8")': (file) => `data of ${dirname(file)}`,
  "typeof __dirname": () => "string", // Node has it in CommonJS only; other runners of TypeScript have it as here
};

/** The same of CommonJS files. */
const ofCommon: Readonly<Record<string, (file: string) => unknown>> = {
  __dirname: (file) => dirname(file),
  __filename: (file) => file,
  "((f) => f())(() => { const __dirname = 1; return [__dirname, __filename]; })": (file) => [1, file],
  '"import.meta and __dirname"': () => "import.meta and __dirname",
  'require("path").basename(__filename)': (file) => file.replace(/.*[\\/]/, ""),
  'require("node:fs").readFileSync(require("path").join(__dirname, "data.txt"), "utf8")': (file) =>
    `data of ${dirname(file)}`,
  'require("fs/promises") === require("fs").promises': () => true,
  '["os"].map((name) => require(name).EOL)[0]': () => "\n",
  'require([__dirname, "value.cjs"].join("/"))': () => "value",
  'typeof require("worldsize").defineScript': () => "function",
  'require("./value.cjs")': () => "value",
  "require.main === module": () => false,
  "typeof require.resolve": () => "function",
  "(() => { try { return require('not-there'); } catch (error) { return error.code; } })()": () => "MODULE_NOT_FOUND",
  "(() => { try { return require('node:not-there'); } catch (error) { return typeof error.code; } })()": () => "string",
};

/** Where a file may stand, whose program then is beside it. */
const modules = ["main.ts", "main.mts", "main.mjs", "main.js", "lib/deep/x.ts", "node_modules/p/index.mjs"];
const commons = ["main.cjs", "main.cts", "lib/x.cjs", "node_modules/p/index.js", "node_modules/@s/p/lib/index.js"];

/** A file with a list of expressions, in a project whose program hands on what they are. */
async function listIn(name: string, start: string, expressions: readonly string[], end = ""): Promise<unknown> {
  const home = project({ "x.ts": "" });
  const beside = join(home, dirname(name));
  mkdirSync(beside, { recursive: true });
  writeFileSync(join(beside, "data.txt"), `data of ${beside}`);
  writeFileSync(join(beside, "value.cjs"), 'module.exports = "value";');
  if (name.startsWith("node_modules/")) {
    const owner = name.split("/").slice(0, name.includes("@") ? 3 : 2);
    const manifest = { main: `./${name.split("/").slice(owner.length).join("/")}` };
    writeFileSync(join(home, ...owner, "package.json"), JSON.stringify(manifest));
  }
  writeFileSync(join(home, name), `${start} [\n${expressions.join(",\n")}\n];${end}`);
  if (name.startsWith("main.")) return saidBy(join(home, name));
  const from = name.startsWith("node_modules/")
    ? name
        .split("/")
        .slice(1, name.includes("@") ? 3 : 2)
        .join("/")
    : `./${name}`;
  writeFileSync(join(home, "main.ts"), `import list from ${JSON.stringify(from)}; export default list;`);
  return saidBy(join(home, "main.ts"));
}

const fileIn = (name: string): string => join(folder, `a b#%41é${made - 1}`, name);

describe("a file knows its own place", () => {
  it.each(modules)("%s", async (name) => {
    const found = await listIn(name, 'import fs from "node:fs"; export default', Object.keys(ofModules));
    expect(found).toEqual(Object.values(ofModules).map((value) => value(fileIn(name))));
  });

  it.each(commons)("%s", async (name) => {
    const found = await listIn(name, '"use strict"; module.exports =', Object.keys(ofCommon));
    expect(found).toEqual(Object.values(ofCommon).map((value) => value(fileIn(name))));
  });

  it("also while files that import each other are being loaded", async () => {
    const home = project({
      "main.ts":
        'import { early } from "./other.ts"; export function where() { return import.meta.url; } export default early;',
      "other.ts": 'import { where } from "./main.ts"; export const early = where();',
    });
    expect(await saidBy(join(home, "main.ts"))).toBe(pathToFileURL(join(home, "main.ts")).href);
  });

  it("and a package that it resolves is the one that is nearest to it", async () => {
    const home = project({
      "main.ts": 'import inner from "./lib/x.ts"; export default [import.meta.resolve("p"), inner];',
      "lib/x.ts": 'export default import.meta.resolve("p");',
      "node_modules/p/index.js": "",
      "lib/node_modules/p/index.js": "",
    });
    const url = (path: string): string => pathToFileURL(join(home, path)).href;
    expect(await saidBy(join(home, "main.ts"))).toEqual([
      url("node_modules/p/index.js"),
      url("lib/node_modules/p/index.js"),
    ]);
  });
});

it("an import whose module is known when it runs looks from its own file", async () => {
  const lines = [
    'const name = "./own.mjs", at = (x) => x;',
    "const one = (await import(name)).word, two = (await import ( /* of */ at(name) )).word;",
    `const three = await import(\`\${name}\`).then((all) => all.word);`,
    `const four = (await import(\`\${name}\`.replace("own", "own"))).word; const five = (await import(at("p"))).default;`,
    "const six = typeof (await import(at('node:fs'))).readFileSync, seven = await import(at('q')).catch((e) => e.code);",
    "const text = 'import(name)', more = `import(name)`, pattern = /import(name)/.source; // import(name)",
    "const own = { import(x) { return x; } }.import(8);",
    "export default [one, two, three, four, five, six, seven, text, more, pattern, own];",
    "export const fail = () => import(name).then(() => { throw new Error(); });",
  ];
  const home = project({
    "main.mjs": `import list from "./lib/x.mjs"; import { fail } from "./lib/x.mjs"; export default [list, fail];`,
    "lib/x.mjs": lines.join("\n"),
    "lib/own.mjs": 'export const word = "own";',
    "lib/node_modules/p/index.js": 'module.exports = "package";',
  });
  const [list, fail] = (await saidBy(join(home, "main.mjs"))) as [unknown[], () => Promise<never>];
  const texts = ["import(name)", "import(name)", "import(name)"];
  expect(list).toEqual([...Array(4).fill("own"), "package", "function", "ERR_MODULE_NOT_FOUND", ...texts, 8]);
  await expect(fail()).rejects.toThrow();
});

describe.each(["local", "shm"] as const)("on a rank of a %s world", (transport) => {
  it("threads and modules beside the program are found", async () => {
    const home = project({
      "main.ts": `
        import { once } from "node:events";
        import { Worker } from "node:worker_threads";
        import { defineScript } from "worldsize";
        export default defineScript({ about: "x", async main({ show }) {
          const worker = new Worker(new URL("./worker.mjs", import.meta.url));
          show.line(String(await once(worker, "message")));
          show.line((await import("./other.ts")).word);
          for (const name of ["a", "b"]) show.line((await import(\`./parts/\${name}.ts\`)).word);
          show.line((await import(new URL("./own.mjs", import.meta.url).href)).word);
        } });`,
      "worker.mjs": 'import { parentPort } from "node:worker_threads"; parentPort.postMessage("from a worker");',
      "other.ts": 'export const word: string = "from another file";',
      "parts/a.ts": 'export const word: string = "part a";',
      "parts/b.ts": 'export const word: string = "part b";',
      "own.mjs": 'export const word = "by its URL";',
    });
    const { failure, lines } = await run(join(home, "main.ts"), transport);
    expect(failure).toBeUndefined();
    expect(lines).toEqual(["from a worker", "from another file", "part a", "part b", "by its URL"]);
  });

  const commonPrograms: Readonly<Record<string, string>> = {
    "main.cjs": 'const { defineScript } = require("worldsize"); const { sep } = require("path"); module.exports = ',
    "main.cts": 'import { defineScript } from "worldsize"; import { sep } from "node:path"; export = ',
    "other.cts":
      'import library = require("worldsize"); import path = require("path"); const { defineScript } = library, { sep } = path; export default ',
    "compiled.cjs":
      'Object.defineProperty(exports, "__esModule", { value: true }); const { defineScript } = require("worldsize"), { sep } = require("path"); exports.default = ',
  };
  it.each(Object.entries(commonPrograms))("a CommonJS program runs: %s", async (name, start) => {
    const main = 'defineScript({ about: "x", async main({ world, show }) { show.line(world.size + " " + sep); } });';
    const home = project({ [name]: `${start}${main}` });
    const { failure, lines } = await run(join(home, name), transport);
    expect(failure?.message).toBeUndefined();
    expect(lines).toEqual([`1 ${join("/")}`]);
  });

  it("stacks name files, lines and columns as they were written", async () => {
    const files: Readonly<Record<string, string>> = {
      "first.ts": "export const fail = (): never => { throw new Error(import.meta.url.slice(0, 5)); };",
      "last.ts":
        "// one\n\nexport function fail(where: string = import.meta.url): never {\n  throw new Error(`file:`);\n}",
      "common.cjs": '"use strict"; exports.fail = () => { throw new Error(__filename.slice(0, 0) + "file:"); };',
      "late.mjs":
        'const n = "node:fs", m = import(n).then; export const fail = () => { import(n); throw new Error("file:"); };',
      "plain.ts": "export const fail = (): never => { throw new Error(`file:`); };",
    };
    for (const [name, text] of Object.entries(files)) {
      const main = `import { defineScript } from "worldsize"; import { fail } from "./${name}"; const here = import.meta.url;
export default defineScript({ about: here, async main() { fail(); } });`;
      const home = project({ "main.ts": main, [name]: text });
      const { failure } = await run(join(home, "main.ts"), transport);
      const at = text.slice(0, text.indexOf("new Error")).split("\n");
      expect(failure?.message).toContain("file:");
      const stack = failure?.stack ?? "";
      expect(stack).toContain(`${join(home, name)}:${at.length}:${(at.at(-1) as string).length + 1}`);
      expect(stack).toContain(`${join(home, "main.ts")}:2:${(main.split("\n")[1] as string).indexOf("fail()") + 1}`);
      expect(stack).not.toContain(".cache");
    }
  });
});

it("what does not parse is named with its line and column", async () => {
  const file = join(project({ "main.ts": "const a = import.meta.url; const b = __dirname; let let = 1;" }), "main.ts");
  await expect(compileProgram(file)).rejects.toThrow("main.ts:1:53: ");
});

/** Native code that is here in the first place: koffi's, whose package also looks for its own by names that it makes. */
const native = ["../../node_modules/@koromix/koffi-linux-x64/linux_x64/koffi.node"]
  .map((path) => fileURLToPath(new URL(path, import.meta.url)))
  .find((path) => existsSync(path));

it.runIf(native)("packages with native code find it where it lies", async () => {
  const home = project({
    "main.ts": 'import addon from "native"; import koffi from "koffi"; export default [addon, koffi];',
    "node_modules/native/index.js": 'module.exports = require("./build/addon.node");',
    "node_modules/native/build/x": "",
  });
  copyFileSync(native as string, join(home, "node_modules/native/build/addon.node"));
  for (const name of ["koffi", "@koromix"]) {
    symlinkSync(join(process.cwd(), "node_modules", name), join(home, "node_modules", name), "junction");
  }
  const [addon, koffi] = (await saidBy(join(home, "main.ts"))) as Record<string, unknown>[];
  expect(Object.keys(addon).length).toBeGreaterThan(0);
  expect(typeof koffi.load).toBe("function");
});

it("a check names the line of an answer that throws, wherever the answer lies", async () => {
  const exercise = join(process.cwd(), "test/exercise/wall/exercise.ts");
  const answer = join(
    project({ "answer.ts": "\nexport async function probe() {\n  throw new Error('x');\n}\n" }),
    "answer.ts",
  );
  const settings = { world: 1, transport: "local", seed: 1, interleaving: undefined, variant: 0 } as const;
  const verdict = await checkOnce(await loadExercise(exercise), await compileAnswer(exercise, answer), settings);
  expect(verdict).toMatchObject({ verdict: "failed", message: expect.stringContaining("x (answer.ts:3)") });
});

it("an answer gets no way out by any of this", async () => {
  const exercise = join(process.cwd(), "test/exercise/wall/exercise.ts");
  const ways: Readonly<Record<string, string>> = {
    "import.meta.url": "import.meta",
    "import.meta.resolve('node:fs')": "import.meta",
    "(({ url }) => url)(import.meta)": "import.meta",
    "import/* */.meta.dirname": "import",
    __dirname: "__dirname",
    "require('fs')": "require",
    "__worldsize_meta.url": "",
    "__worldsize_require('file:///')('fs')": "",
    "(await import('worldsize-required:fs')).default": "import",
    "(await import('worldsize-place:/etc/x')).meta.url": "import",
  };
  for (const [way, name] of Object.entries(ways)) {
    const answer = join(
      project({ "answer.ts": `const meta = 1;\nexport const probe = async () => ${way};\n` }),
      "answer.ts",
    );
    const compiled = await compileAnswer(exercise, answer).then(
      ({ url }) => readFileSync(new URL(url), "utf8"),
      (error: Error) => error.message,
    );
    if (name) expect(compiled, way).toMatch(new RegExp(`^answer.ts:\\d+:.* an answer may .*${name}`));
    expect(compiled, way).not.toContain("node:module");
    expect(compiled, way).not.toContain("createRequire");
  }
});
