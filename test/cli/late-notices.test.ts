/** What is noticed in an answer after its verdict, on a busy machine: it is told as long as nothing else is shown. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, it } from "vitest";
import { Lesson } from "../../src/cli/learn/lesson.ts";
import { courseExercises } from "../../src/exercise/node/catalog.ts";
import { Copies } from "../../src/exercise/node/copies.ts";
import type { Notice } from "../../src/exercise/node/types/notices.ts";

const home = mkdtempSync(join(tmpdir(), "worldsize-late-"));
afterAll(() => rmSync(home, { recursive: true }));

let notice: (notices: readonly Notice[]) => void;
let lesson: Lesson;
const shown = (): string => lesson.screen(80).body.join("\n");

beforeEach(async () => {
  const types = {
    noticesOf: () => new Promise<readonly Notice[]>((resolve) => (notice = resolve)),
    soon: async () => [], // whatever comes, it is late
  };
  const openFile = async (): Promise<boolean> => false;
  const exercises = courseExercises().filter(({ number }) => number === "1.1");
  lesson = new Lesson({ exercises, copies: new Copies(home), types, openFile, redraw: () => {} });
  await lesson.start("1.1");
  await lesson.key("c");
  expect(shown()).toContain("failed");
  expect(shown()).not.toContain("before it ran");
});

it("is told beside the verdict", async () => {
  notice([{ line: 7, text: "something odd" }]);
  await new Promise((go) => setImmediate(go));
  expect(shown()).toMatch(/failed.*before it ran, this was noticed:\s+line 7: something odd.*A hint: /s);
});

it("says nothing where nothing is noticed, and nothing over what the reader looks at since", async () => {
  await lesson.key("t");
  const task = shown();
  notice([{ line: 7, text: "something odd" }]);
  await new Promise((go) => setImmediate(go));
  expect(shown()).toBe(task);
  await lesson.key("c");
  const verdict = shown();
  notice([]);
  await new Promise((go) => setImmediate(go));
  expect(shown()).toBe(verdict);
});
