/**
 * Loads a program's definition into this process: its sentence, its options. Whatever the
 * program does while it is imported, this process says what went wrong. What it prints then
 * is not shown, because every rank imports it again and prints it, too.
 */

import { compileProgram, type Program } from "../job/node/compile.ts";
import { accountOf } from "../script/account.ts";
import { type Script, scriptOf } from "../script/index.ts";
import { missingImport } from "../script/missing-import.ts";
import { visible } from "../trace/text.ts";
import { findScript, UsageError } from "./scripts.ts";

/** Milliseconds after which a program that is still being imported is said to be. */
const PATIENCE = 30_000;
/** Pieces of output that are kept back; most programs print nothing here. */
const KEPT = 1000;

export interface Loaded {
  readonly program: Program;
  readonly script: Script;
}

/** @param patience milliseconds before a word. @throws CompileError or UsageError with what is wrong with it. */
export async function loadProgram(name: string, patience = PATIENCE): Promise<Loaded> {
  const program = await compileProgram(findScript(name));
  const module = await importProgram(program, patience);
  try {
    return { program, script: scriptOf(module, program.file) };
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** @throws UsageError when it throws, ends the process, or can never be imported. */
async function importProgram({ url, file }: Program, patience: number): Promise<Record<string, unknown>> {
  process.setSourceMapsEnabled(true); // lines of TypeScript, should it throw
  const quiet = mute();
  const fail = (why: string): UsageError => {
    quiet.showAll();
    return new UsageError(`${file} could not be loaded: ${why}`);
  };
  const late = setTimeout(() => {
    quiet.say(`${file} is still being imported after ${patience / 1e3} s: it awaits something at its top level.\n`);
  }, patience);
  late.unref(); // or nothing that never comes would ever be noticed
  let end: () => void = () => {};
  const over = new Promise<Error>((resolve) => {
    const exit = (code: number): void => {
      const { message } = fail(`it called process.exit(${code}) while it was imported.`);
      process.stderr.write(`worldsize: ${message}\n`);
      process.exitCode = 2;
    };
    const empty = (): void =>
      resolve(fail("it can never go on: it awaits something at its top level that nothing will ever resolve."));
    const threw = (thrown: unknown): void => resolve(fail(accountOf(thrown, missingImport).stack));
    process.once("exit", exit);
    process.once("beforeExit", empty);
    process.once("uncaughtException", threw);
    end = () => {
      clearTimeout(late);
      process.off("exit", exit);
      process.off("beforeExit", empty);
      process.off("uncaughtException", threw);
      quiet.end();
    };
  });
  try {
    const imported = import(url).then(
      (module: Record<string, unknown>) => ({ module }),
      (thrown) => ({ error: fail(accountOf(thrown, missingImport).stack) }),
    );
    const result = await Promise.race([imported, over.then((error) => ({ error }))]);
    if ("error" in result) throw result.error;
    return result.module;
  } finally {
    end();
  }
}

/** What was given to a stream, such that it does not control a terminal. */
function seen({ isTTY }: NodeJS.WriteStream, [chunk, ...rest]: readonly unknown[]): unknown[] {
  return [
    isTTY ? visible(typeof chunk === "string" ? chunk : Buffer.from(chunk as Uint8Array).toString()) : chunk,
    ...rest,
  ];
}

/** Keeps back what is printed from now on. */
function mute(): { showAll(): void; say(text: string): void; end(): void } {
  const kept: (() => void)[] = [];
  let lost = 0;
  const streams = [process.stdout, process.stderr];
  const originals = streams.map((stream) => stream.write);
  streams.forEach((stream, i) => {
    stream.write = (...args: unknown[]) => {
      const done = args.at(-1);
      const plain = typeof done === "function" ? args.slice(0, -1) : args;
      if (kept.length < KEPT) kept.push(() => Reflect.apply(originals[i], stream, seen(stream, plain)));
      else lost++;
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
    if (lost > 0) process.stderr.write(`… and ${lost} more pieces that it printed while it was imported.\n`);
  };
  const say = (text: string): void => void Reflect.apply(originals[1], process.stderr, [text]);
  return { showAll, say, end };
}
