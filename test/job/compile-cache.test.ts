/** Compiled programs that are kept: whatever changes what a program would be is seen, and nothing else costs time. */
import { createHash } from "node:crypto";
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { compileAnswer } from "../../src/exercise/node/compile-answer.ts";
import { compileProgram } from "../../src/job/node/compile.ts";

const folder = realpathSync(mkdtempSync(join(tmpdir(), "worldsize-compile-")));
afterAll(() => rmSync(folder, { recursive: true }));

/** Milliseconds after which a file is no longer one that was just written, and a program that rests on it is kept. */
const SETTLED = 50;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

type Files = Readonly<Record<string, string>>;

let made = 0;
/** A folder of its own with files in it. */
function project(files: Files): string {
  const home = join(folder, `project-${made++}`);
  write(home, files);
  return home;
}

function write(home: string, files: Files): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(home, name)), { recursive: true });
    writeFileSync(join(home, name), text);
  }
}

/** The compiled file of a program. */
const compiled = async (file: string): Promise<string> => fileURLToPath((await compileProgram(file)).url);

/** What a program exports, compiled if need be. */
async function saidBy(file: string): Promise<unknown> {
  return ((await import((await compileProgram(file)).url)) as { default: unknown }).default;
}

/** The entry that says what a compiled file rests on. */
const entryOf = (file: string): string => file.replace(/-[0-9a-f]+\.mjs$/, ".json");

interface Case {
  readonly files: Files;
  /** A link among them: what it leads to, and its name. */
  readonly link?: readonly [target: string, name: string];
  change(home: string): void;
}

const settings = (compilerOptions: object, more: object = {}): string => JSON.stringify({ ...more, compilerOptions });
const importing = (name: string): string => `import x from ${JSON.stringify(name)}; export default x;`;
const say = (word: string): string => `export default ${JSON.stringify(word)};`;
const both = { "x.js": say("old") };

/** After each of these changes, the program says "new". */
const changes: Readonly<Record<string, Case>> = {
  "its text, with the same time and size": {
    files: { "main.ts": say("old") },
    change(home) {
      const { atime, mtime } = statSync(join(home, "main.ts"));
      write(home, { "main.ts": say("new") });
      utimesSync(join(home, "main.ts"), atime, mtime);
    },
  },
  "a file that it imports, with the same time and size": {
    files: { "main.ts": importing("./x.ts"), "x.ts": say("old") },
    change(home) {
      const { atime, mtime } = statSync(join(home, "x.ts"));
      write(home, { "x.ts": say("new") });
      utimesSync(join(home, "x.ts"), atime, mtime);
    },
  },
  "data that it imports": {
    files: { "main.ts": importing("./x.json"), "x.json": '"old"' },
    change: (home) => write(home, { "x.json": '"new"' }),
  },
  "x.ts beside x.js": {
    files: { "main.ts": importing("./x"), ...both },
    change: (home) => write(home, { "x.ts": say("new") }),
  },
  "x.js beside the x.ts that was meant by it": {
    files: { "main.ts": importing("./x.js"), "x.ts": say("old") },
    change: (home) => write(home, { "x.js": say("new") }),
  },
  "x.ts beside the folder x": {
    files: { "main.ts": importing("./x"), "x/index.ts": say("old") },
    change: (home) => write(home, { "x.ts": say("new") }),
  },
  "an index.ts beside an index.js": {
    files: { "main.ts": importing("./x"), "x/index.js": say("old") },
    change: (home) => write(home, { "x/index.ts": say("new") }),
  },
  "a package.json in the folder x": {
    files: { "main.ts": importing("./x"), "x/index.js": say("old"), "x/other.js": say("new") },
    change: (home) => write(home, { "x/package.json": '{"main": "other.js"}' }),
  },
  "the file that was taken goes": {
    files: { "main.ts": importing("./x"), "x.ts": say("old"), "x.js": say("new") },
    change: (home) => rmSync(join(home, "x.ts")),
  },
  "the first tsconfig.json": {
    files: { "main.ts": importing("x"), "node_modules/x/index.js": say("old"), "lib/x.ts": say("new") },
    change: (home) => write(home, { "tsconfig.json": settings({ paths: { x: ["./lib/x.ts"] } }) }),
  },
  "a tsconfig.json nearer than the one that applied": {
    files: { "a/main.ts": importing("x"), "tsconfig.json": settings({ paths: { x: ["./x.js"] } }), ...both },
    change: (home) => write(home, { "a/tsconfig.json": settings({ paths: { x: ["./x.ts"] } }), "a/x.ts": say("new") }),
  },
  "the paths of tsconfig.json, with remarks in it": {
    files: {
      "main.ts": importing("@lib/x"),
      "tsconfig.json": '{ // "paths"\n "compilerOptions": { "paths": { "@lib/*": ["./a/*"], }, }, }',
      "a/x.ts": say("old"),
      "b/x.ts": say("new"),
    },
    change: (home) => write(home, { "tsconfig.json": settings({ paths: { "@lib/*": ["./b/*"] } }) }),
  },
  "an earlier one of several paths": {
    files: {
      "main.ts": importing("@lib/x"),
      "tsconfig.json": '{ /* "a" */ "compilerOptions": { "paths": { "@lib/*": ["./a/*", "./b/*"], } } }',
      "b/x.ts": say("old"),
    },
    change: (home) => write(home, { "a/x.ts": say("new") }),
  },
  "a file below the baseUrl": {
    files: {
      "main.ts": importing("x"),
      "tsconfig.json": settings({ baseUrl: "." }),
      "node_modules/x/index.js": say("old"),
    },
    change: (home) => write(home, { "x.ts": say("new") }),
  },
  "settings that the settings extend": {
    files: {
      "main.ts": importing("x"),
      "tsconfig.json": settings({}, { extends: "./more/base" }),
      "more/base.json": settings({ paths: { x: ["../x.js"] } }),
      "y.js": say("new"),
      ...both,
    },
    change: (home) => write(home, { "more/base.json": settings({ paths: { x: ["../y.js"] } }) }),
  },
  "what a package takes for its main file": {
    files: {
      "main.ts": importing("x"),
      "node_modules/x/package.json": '{"main": "a.js"}',
      "node_modules/x/a.js": say("old"),
      "node_modules/x/b.js": say("new"),
    },
    change: (home) => write(home, { "node_modules/x/package.json": '{"main": "b.js"}' }),
  },
  "a nearer package of that name": {
    files: { "a/main.ts": importing("x"), "node_modules/x/index.js": say("old") },
    change: (home) => write(home, { "a/node_modules/x/index.js": say("new") }),
  },
  "a nearer package with a scope": {
    files: {
      "a/main.ts": importing("@s/x"),
      "node_modules/@s/x/index.js": say("old"),
      "a/node_modules/@s/y/index.js": say("other"),
    },
    change: (home) => write(home, { "a/node_modules/@s/x/index.js": say("new") }),
  },
  "a package that was missed": {
    files: { "main.cjs": 'try { module.exports = require("x"); } catch { module.exports = "old"; }' },
    change: (home) => write(home, { "node_modules/x/index.js": 'module.exports = "new";' }),
  },
  "another file that a pattern takes": {
    files: {
      "main.ts": `let x = "old"; const part = "b";
        try { x = (await import("./parts/" + part + ".ts")).default; } catch {} export default x;`,
      "parts/a.ts": say("a"),
    },
    change: (home) => write(home, { "parts/b.ts": say("new") }),
  },
};

/** The same for links. */
const links: Readonly<Record<string, Case>> = {
  "a link in place of the program": {
    files: { "a.ts": say("old"), "b.ts": say("new") },
    link: ["a.ts", "main.ts"],
    change: (home) => relink(home, "b.ts", "main.ts"),
  },
  "a link in place of a file": {
    files: { "main.ts": importing("./x.ts"), "a.ts": say("old"), "b.ts": say("new") },
    link: ["a.ts", "x.ts"],
    change: (home) => relink(home, "b.ts", "x.ts"),
  },
  "a link in place of a package": {
    files: {
      "main.ts": importing("x"),
      "a/index.js": say("old"),
      "b/index.js": say("new"),
      "node_modules/y/index.js": "",
    },
    link: ["a", "node_modules/x"],
    change: (home) => relink(home, "b", "node_modules/x"),
  },
};

/** All of them, where links can be made. */
const cases = process.platform === "win32" ? changes : { ...changes, ...links };

function relink(home: string, target: string, name: string): void {
  rmSync(join(home, name), { force: true });
  symlinkSync(join(home, target), join(home, name));
}

function projectOf({ files, link }: Case): string {
  const home = project(files);
  if (link) relink(home, ...link);
  return home;
}

const mainOf = (home: string, { files }: Case): string =>
  join(home, Object.keys(files).find((name) => /(^|\/)main\./.test(name)) ?? "main.ts");

describe("a change is seen of", () => {
  it.each(Object.entries(cases))("%s", async (_, each) => {
    const home = projectOf(each);
    await pause(SETTLED);
    expect(await saidBy(mainOf(home, each))).toBe("old");
    each.change(home);
    expect(await saidBy(mainOf(home, each))).toBe("new");
    await pause(SETTLED);
    expect(await saidBy(mainOf(home, each))).toBe("new");
  });

  it("its text, saved at any moment while it is compiled", async () => {
    // A large file keeps the bundler busy when it has read the small one.
    const large = `export const list = [${"1,".repeat(300_000)}];`;
    const main = `import { list } from "./large.ts"; ${importing("./x.ts")} export { list };`;
    for (let wait = 0; wait <= 60; wait += 6) {
      const home = project({ "main.ts": main, "x.ts": say("old"), "large.ts": large });
      const file = join(home, "main.ts");
      const first = compileProgram(file);
      await pause(wait);
      write(home, { "x.ts": say("new") });
      await first;
      expect(await saidBy(file), `saved after ${wait} ms`).toBe("new");
    }
  });

  it("its settings, saved at any moment while it is compiled", async () => {
    for (let wait = 0; wait <= 60; wait += 4) {
      const home = project({ "main.ts": importing("x"), "node_modules/x/index.js": say("old"), "x.ts": say("new") });
      const file = join(home, "main.ts");
      const first = compileProgram(file);
      await pause(wait);
      write(home, { "tsconfig.json": settings({ paths: { x: ["./x.ts"] } }) });
      await first;
      expect(await saidBy(file), `saved after ${wait} ms`).toBe("new");
    }
  });
});

it("no program contains a part of the library, whatever it imports: all of a job have one", async () => {
  const manifest = JSON.parse(readFileSync("package.json", "utf8")) as { readonly exports: object };
  for (const path of Object.keys(manifest.exports)) {
    const name = `worldsize${path.slice(1)}`;
    const home = project({ "main.ts": `import * as all from "${name}"; export default all;` });
    expect(readFileSync(await compiled(join(home, "main.ts")), "utf8").length, name).toBeLessThan(2000);
  }
});

it("a program that has not changed is compiled once, also when its files were touched", async () => {
  for (const [name, each] of Object.entries(cases)) {
    if (name.endsWith("a pattern takes")) continue; // nobody knows what all that would be
    const home = projectOf(each);
    const file = mainOf(home, each);
    await pause(SETTLED);
    const entry = entryOf(await compiled(file));
    const before = statSync(entry).mtimeMs;
    utimesSync(file, 1, 1);
    await compiled(file);
    expect(statSync(entry).mtimeMs, name).toBe(before);
  }
});

it("a kept program that is not whole is compiled again", async () => {
  const file = join(project({ "main.ts": say("right") }), "main.ts");
  await pause(SETTLED);
  const out = await compiled(file);
  const [code, entry] = [readFileSync(out, "utf8"), readFileSync(entryOf(out), "utf8")];
  const damages: readonly (() => void)[] = [
    () => truncateSync(out, 20),
    () => truncateSync(out, 0),
    () => rmSync(out),
    () => writeFileSync(out, code.replace("right", "wrong")),
    () => truncateSync(entryOf(out), 20),
    () => truncateSync(entryOf(out), 0),
    () => writeFileSync(entryOf(out), "null"),
    () => writeFileSync(entryOf(out), '{"program": 1, "rests": 2}'),
    () => rmSync(entryOf(out)),
  ];
  for (const damage of damages) {
    damage();
    expect(await compiled(file)).toBe(out);
    expect(readFileSync(out, "utf8")).toBe(code);
    expect(readFileSync(entryOf(out), "utf8")).toBe(entry);
  }
});

it.each(["the bundler", "the library"])("another version of %s compiles a program again", async (maker) => {
  const file = join(project({ "main.ts": say("right") }), "main.ts");
  await pause(SETTLED);
  const out = await compiled(file);
  const planted = say(`planted for ${maker}`);
  const program = createHash("sha256").update(planted).update("\0").digest("hex").slice(0, 20);
  const { rests } = JSON.parse(readFileSync(entryOf(out), "utf8")) as { rests: [string, string][] };
  writeFileSync(out.replace(/[0-9a-f]+\.mjs$/, `${program}.mjs`), planted);
  writeFileSync(entryOf(out), JSON.stringify({ program, rests }));
  expect(await saidBy(file)).toBe(`planted for ${maker}`); // it is taken from there
  const manifest = join(process.cwd(), maker === "the bundler" ? "node_modules/esbuild" : "", "package.json");
  const others = rests.map(([path, word]) => [path, path === manifest ? "of another version" : word]);
  writeFileSync(entryOf(out), JSON.stringify({ program, rests: others }));
  expect(await saidBy(file)).toBe("right");
});

it("a run that has begun keeps its program, whoever compiles that file anew", async () => {
  const home = project({ "main.ts": say("old") });
  const file = join(home, "main.ts");
  const first = await compileProgram(file);
  write(home, { "main.ts": say("new") });
  expect(await saidBy(file)).toBe("new");
  expect(((await import(first.url)) as { default: unknown }).default).toBe("old");
});

it("several that compile one file at once get what lies there, and so do those after them", async () => {
  const home = project({ "main.ts": say("old") });
  const file = join(home, "main.ts");
  const words: Promise<unknown>[] = [];
  for (let turn = 0; turn < 12; turn++) {
    words.push(saidBy(file));
    if (turn === 6) write(home, { "main.ts": say("new") });
    await pause(turn % 3);
  }
  for (const word of await Promise.all(words)) expect(["old", "new"]).toContain(word);
  expect(await saidBy(file)).toBe("new");
});

it("an answer is looked at as it is bundled: a way out that is saved meanwhile is not let in", async () => {
  const exercise = fileURLToPath(new URL("../exercise/wall/exercise.ts", import.meta.url));
  const tame = 'export const probe = async () => "nothing";\n';
  const wild = "export const probe = async () => process.pid;\n";
  for (let wait = 0; wait <= 60; wait += 3) {
    const home = project({ "answer.ts": tame });
    const answer = join(home, "answer.ts");
    const first = compileAnswer(exercise, answer).then(
      ({ url }) => readFileSync(new URL(url), "utf8"),
      () => "",
    );
    await pause(wait);
    write(home, { "answer.ts": wild });
    expect(await first, `saved after ${wait} ms`).not.toContain("process.pid");
    await expect(compileAnswer(exercise, answer)).rejects.toThrow("answer.ts:1: an answer may use only");
  }
});
