/**
 * Loads a program's definition into this process: its sentence, its options. Whatever the
 * program does while it is imported, this process says what went wrong. What it prints then
 * is not shown, because every rank imports it again and prints it, too.
 */

import { accountOf } from "../script/account.ts";
import { type Script, scriptOf } from "../script/index.ts";
import { compileProgram, type Program } from "../script/node/compile.ts";
import { findScript, UsageError } from "./scripts.ts";

export interface Loaded {
  readonly program: Program;
  readonly script: Script;
}

/** @throws CompileError or UsageError with what is wrong with it. */
export async function loadProgram(name: string): Promise<Loaded> {
  const program = await compileProgram(findScript(name));
  const module = await importProgram(program);
  try {
    return { program, script: scriptOf(module, program.file) };
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** @throws UsageError when it throws, ends the process, or can never be imported. */
async function importProgram({ url, file }: Program): Promise<Record<string, unknown>> {
  process.setSourceMapsEnabled(true); // lines of TypeScript, should it throw
  const quiet = mute();
  const fail = (why: string): UsageError => {
    quiet.showAll();
    return new UsageError(`${file} could not be loaded: ${why}`);
  };
  let end: () => void = () => {};
  const over = new Promise<Error>((resolve) => {
    const exit = (code: number): void => {
      const { message } = fail(`it called process.exit(${code}) while it was imported.`);
      process.stderr.write(`worldsize: ${message}\n`);
      process.exitCode = 2;
    };
    const empty = (): void =>
      resolve(fail("it can never go on: it awaits something at its top level that nothing will ever resolve."));
    const threw = (thrown: unknown): void => resolve(fail(accountOf(thrown).stack));
    process.once("exit", exit);
    process.once("beforeExit", empty);
    process.once("uncaughtException", threw);
    end = () => {
      process.off("exit", exit);
      process.off("beforeExit", empty);
      process.off("uncaughtException", threw);
      quiet.end();
    };
  });
  try {
    const imported = import(url).then(
      (module: Record<string, unknown>) => ({ module }),
      (thrown) => ({ error: fail(accountOf(thrown).stack) }),
    );
    const result = await Promise.race([imported, over.then((error) => ({ error }))]);
    if ("error" in result) throw result.error;
    return result.module;
  } finally {
    end();
  }
}

/** Keeps back what is printed from now on. */
function mute(): { showAll(): void; end(): void } {
  const kept: (() => void)[] = [];
  const streams = [process.stdout, process.stderr];
  const originals = streams.map((stream) => stream.write);
  streams.forEach((stream, i) => {
    stream.write = (...args: unknown[]) => {
      const done = args.at(-1);
      const plain = typeof done === "function" ? args.slice(0, -1) : args;
      if (kept.length < 1000) kept.push(() => Reflect.apply(originals[i], stream, plain));
      if (typeof done === "function") queueMicrotask(() => done()); // a program may wait for it
      return true;
    };
  });
  const end = (): void => {
    streams.forEach((stream, i) => {
      stream.write = originals[i];
    });
  };
  const showAll = (): void => {
    end();
    for (const write of kept.splice(0)) write();
  };
  return { showAll, end };
}
