/** The package as a stranger gets it: packed from a bare checkout, installed in an empty project, compiled against, run. */
import { execFile } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import ts from "typescript";
import { afterAll, beforeAll, expect, it } from "vitest";
import { useThreads } from "../helpers/threads.ts";

useThreads("once");

interface Manifest {
  readonly bin: { readonly worldsize: string };
  readonly exports: Readonly<Record<string, { readonly types: readonly [string, string]; readonly default: string }>>;
  readonly dependencies: Readonly<Record<string, string>>;
}

const root = process.cwd();
const folder = realpathSync(mkdtempSync(join(tmpdir(), "worldsize-package-")));
const project = join(folder, "project");
const installed = join(project, "node_modules/worldsize");
let manifest: Manifest;

/** Runs a command to its end. */
function run(cwd: string, file: string, ...args: string[]): Promise<{ status: number; out: string; errors: string }> {
  const shell = file === "npm" && process.platform === "win32";
  return new Promise((resolve) => {
    execFile(file, args, { cwd, shell, env: { ...process.env, NO_COLOR: "1" } }, (error, out, errors) =>
      resolve({ status: Number(error?.code ?? (error ? 1 : 0)), out, errors }),
    );
  });
}

const node = (...args: string[]) => run(project, process.execPath, ...args);
const worldsize = (...args: string[]) => node(join(installed, manifest.bin.worldsize), ...args);

function write(name: string, content: string | object): void {
  writeFileSync(join(project, name), typeof content === "string" ? content : JSON.stringify(content));
}

/** What a fresh clone would be: nothing built, and with packages installed. */
function bareCheckout(): string {
  const checkout = join(folder, "checkout");
  const notCloned = ["node_modules", "dist", ".git", "exercises", "coverage"];
  cpSync(root, checkout, { recursive: true, filter: (path) => !notCloned.includes(relative(root, path)) });
  symlinkSync(join(root, "node_modules"), join(checkout, "node_modules"), "junction");
  return checkout;
}

beforeAll(async () => {
  const options = ["--offline", "--ignore-scripts=false", "--pack-destination", folder];
  const packed = await run(bareCheckout(), "npm", "pack", ...options);
  expect(packed.status, packed.errors).toBe(0);
  mkdirSync(installed, { recursive: true });
  const archive = readdirSync(folder).find((name) => name.endsWith(".tgz")) as string;
  await run(folder, "tar", "-xzf", archive, "--strip-components=1", "-C", relative(folder, installed));
  manifest = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
  for (const name of [...Object.keys(manifest.dependencies), "@types/node"]) {
    mkdirSync(dirname(join(project, "node_modules", name)), { recursive: true });
    symlinkSync(join(root, "node_modules", name), join(project, "node_modules", name), "junction");
  }
  write("package.json", { type: "module" });
  cpSync("test/programs/stranger.ts", join(project, "program.ts"));
}, 180_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("brings what its users need, and nothing else", () => {
  const packed = "LICENSE NOTICE README.md SECURITY.md bench bin course dist kernels package.json";
  expect(readdirSync(installed).sort().join(" ")).toBe(packed);
  expect(readdirSync(join(installed, "kernels")).sort()).toEqual(["base.wasm", "relaxed.wasm"]);
  expect(existsSync(join(installed, "course/words.txt"))).toBe(false);
  for (const { types, default: module } of Object.values(manifest.exports)) {
    expect(existsSync(join(installed, types[0])), types[0]).toBe(true);
    expect(existsSync(join(installed, module)), module).toBe(true);
  }
});

/** Everything strict that the compiler has. */
const strict = {
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  noPropertyAccessFromIndexSignature: true,
  noImplicitReturns: true,
  noImplicitOverride: true,
  noUnusedLocals: true,
  noUnusedParameters: true,
  noUncheckedSideEffectImports: true,
  verbatimModuleSyntax: true,
  isolatedModules: true,
  skipLibCheck: false,
  noEmit: true,
};

/** Projects that differ in how modules are found and in which names are known: those of Node, or those of a page. */
const projects: readonly (readonly [name: string, options: object])[] = [
  ["nodenext", { module: "nodenext", target: "ES2022", lib: ["ES2022"], types: ["node"] }],
  ["bundler", { module: "ESNext", moduleResolution: "bundler", target: "ES2022", types: [] }],
];

/** Wrong lines, and what the compiler has to say of each. */
const wrong: readonly (readonly [line: string, message: string])[] = [
  ['import { defineScript, nothing, number } from "worldsize";', "no exported member 'nothing'"],
  ['import { Tensor } from "worldsize/src/tensor/index.ts";', "Cannot find module 'worldsize/src/tensor/index.ts'"],
  ['import { machineText } from "worldsize/draw";', ""],
  ['import { describedMachine } from "worldsize/sim";', ""],
  ['machineText(describedMachine("toaster"));', `'"toaster"' is not assignable`],
  ["export default defineScript({", ""],
  ['  about: "Wrong uses.", options: { scale: number(1, "a factor") },', ""],
  ["  async main({ world, device, options }) {", ""],
  ["    const x = device.zeros([options.scale.length]);", "'length' does not exist on type 'number'"],
  ['    await world.allReduce(x, "average");', `'"average"' is not assignable`],
  ["    await world.allReduce([1, 2]);", "'number[]' is not assignable"],
  ['    x.dtype = "f32";', "'dtype' because it is a read-only property"],
  ["    void [nothing, Tensor];", ""],
  ["}, });", ""],
];

it("compiles in strict projects, and what is wrong does not", async () => {
  write("wrong.ts", wrong.map(([line]) => line).join("\n"));
  await Promise.all(
    projects.map(async ([name, options]) => {
      const compilerOptions = { ...strict, ...options };
      write(`tsconfig.${name}.json`, { compilerOptions, files: ["program.ts", "wrong.ts"] });
      const { out } = await node(join(root, "node_modules/typescript/bin/tsc"), "-p", `tsconfig.${name}.json`);
      const complaints = out.split("\n").filter((line) => /^\S/.test(line));
      const missed = wrong.filter(
        ([, message], i) =>
          message && !complaints.some((line) => line.startsWith(`wrong.ts(${i + 1},`) && line.includes(message)),
      );
      expect(missed, `${name}: ${out}`).toEqual([]);
      expect(complaints.length, out).toBe(wrong.filter(([, message]) => message).length);
    }),
  );
}, 120_000);

it("runs a program by its own command, without a compiler and without koffi", async () => {
  const { status, out, errors } = await worldsize("run", "program.ts", "-n", "2", "--scale", "3");
  expect(errors).toBe("");
  expect(status).toBe(0);
  const of = (rank: number): string[] => out.split("\n").filter((line) => line.startsWith(`rank ${rank} │ `));
  const lines = [
    "rank 0 │ the mean is 1.5 m",
    "rank 0 │ gelu 2 × 3, 4 pairs",
    "rank 0 │ 4 cores; rank 2's number is missing",
  ];
  expect(of(0)).toEqual(lines); // a line of rank 1 may come between them
  expect(of(1)).toEqual(["rank 1 │ the mean is 1.5 m"]);
});

it("is imported by plain Node, every part of it", async () => {
  const names = Object.keys(manifest.exports).map((path) => `worldsize${path.slice(1)}`);
  const text = `for (const name of ${JSON.stringify(names)}) console.log(Object.keys(await import(name)).length > 5);`;
  const { out, errors } = await node("--input-type=module", "-e", text);
  expect(errors).toBe("");
  expect(out).toBe("true\n".repeat(names.length));
});

it("has the course: scripts by name, with their lines in reports, and exercises", async () => {
  const { errors } = await worldsize("run", "send-recv-basic", "-n", "2", "--deadlock");
  expect(errors).toMatch(/rank 1 waits for rank 0 in send\(.*\(send-recv-basic\.ts:\d+\)/);
  const check = await worldsize("check", "1.1");
  expect(check.out).toContain("failed  1.1 world-of-eight: the greeting");
});

it("is checked against the sources in a checkout where no declarations were built", () => {
  for (const [path, { types }] of Object.entries(manifest.exports)) {
    const host: ts.ModuleResolutionHost = {
      ...ts.sys,
      fileExists: (file) => !file.includes("/dist/") && ts.sys.fileExists(file),
    };
    const options = { module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler };
    const name = `worldsize${path.slice(1)}`;
    const { resolvedModule } = ts.resolveModuleName(name, join(root, "my.ts"), options, host);
    expect(resolvedModule?.resolvedFileName).toBe(join(root, types[1]));
  }
});
