/** However an editor saves, and whatever becomes of the folder: learn checks what was saved last. */
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, it } from "vitest";
import { compileProgram } from "../../src/job/node/compile.ts";
import { isPosix } from "../helpers/systems.ts";
import { Terminal } from "../helpers/terminal.ts";

const home = mkdtempSync(join(tmpdir(), "worldsize-saves-"));
const copies = join(home, "exercises");
const file = join(copies, "1.1-world-of-eight.ts");
afterAll(() => rmSync(home, { recursive: true, force: true }));

const pause = (ms: number): Promise<void> => new Promise((go) => setTimeout(go, ms));

/** An answer that says a word of its own, by which its check is known. */
const answer = (word: string): string =>
  `import { defineScript } from "worldsize";
export default defineScript({ about: "x", ranks: 8, main({ show }) { show.line("${word}"); } });
`;

describe.runIf(isPosix)("learn", () => {
  let terminal: Terminal;
  beforeAll(async () => {
    terminal = new Terminal(home, "learn");
    await terminal.sees("every save is checked");
  });
  afterAll(async () => {
    const ended = terminal.ended();
    terminal.press("q");
    await ended;
  });

  const saves: Record<string, (text: string) => void | Promise<void>> = {
    "where the file lies": (text) => writeFileSync(file, text),
    "in steps": async (text) => {
      writeFileSync(file, "");
      await pause(30);
      appendFileSync(file, text.slice(0, 40));
      await pause(30);
      appendFileSync(file, text.slice(40));
    },
    "by renaming, as vim does": (text) => {
      const backup = `${file}~`;
      writeFileSync(join(copies, "4913"), "");
      unlinkSync(join(copies, "4913"));
      renameSync(file, backup);
      writeFileSync(file, text);
      unlinkSync(backup);
    },
    "with a lock beside it that leads nowhere, as Emacs does": (text) => {
      const lock = join(copies, ".#1.1-world-of-eight.ts");
      symlinkSync("reader@host.1234:1", lock);
      writeFileSync(file, text);
      unlinkSync(lock); // comes after the save, and ends in .ts
    },
    "with another exercise right after it": (text) => {
      writeFileSync(file, text);
      writeFileSync(join(copies, "1.2-even-and-odd.ts"), text);
    },
    "twice within a moment": async (text) => {
      writeFileSync(file, answer("too early"));
      await pause(40);
      writeFileSync(file, text);
    },
    "again while the first is checked": async (text) => {
      writeFileSync(file, answer("being checked"));
      await pause(200);
      writeFileSync(file, text);
    },
    "while a prediction is typed, whose question stays": async (text) => {
      terminal.press("p");
      await terminal.sees("How many lines appear in all?");
      writeFileSync(file, text);
      await pause(900);
      terminal.press("1");
      await terminal.sees("How many lines appear in all?");
      terminal.press("\u001b");
    },
    "by removing it and making it anew": async (text) => {
      unlinkSync(file);
      await pause(300);
      writeFileSync(file, text);
    },
    "through a link to it elsewhere": async (text) => {
      const elsewhere = join(home, "elsewhere.ts");
      writeFileSync(elsewhere, answer("elsewhere"));
      unlinkSync(file);
      symlinkSync(elsewhere, file);
      await pause(700);
      writeFileSync(elsewhere, text); // nothing moves in the folder of the copies
    },
    "where there was a folder of that name": async (text) => {
      unlinkSync(file);
      mkdirSync(file);
      await pause(300);
      rmSync(file, { recursive: true });
      writeFileSync(file, text);
    },
    "into a folder that was removed and made anew": async (text) => {
      rmSync(copies, { recursive: true });
      await pause(300);
      mkdirSync(copies);
      writeFileSync(file, text);
    },
    "into a folder that was renamed away and back": async (text) => {
      renameSync(copies, `${copies}-old`);
      await pause(300);
      renameSync(`${copies}-old`, copies);
      writeFileSync(file, text);
    },
  };
  it.each(Object.keys(saves))("checks what is saved %s", async (how) => {
    terminal.forget();
    const word = `saved ${how}`.slice(0, 40);
    await saves[how](answer(word));
    await terminal.sees(`shows "${word}"`);
  });

  it("a link that leads nowhere, or a folder, is no answer, and no end of the lesson", async ({ expect }) => {
    for (const make of [() => symlinkSync(join(home, "nowhere.ts"), file), () => mkdirSync(file)]) {
      rmSync(file, { recursive: true, force: true });
      make();
      terminal.press("n");
      await terminal.sees("1.2 Even and odd ranks");
      terminal.press("b");
      await terminal.sees("1.1 A world of eight");
      terminal.press("c");
      await terminal.sees("could not run");
    }
    rmSync(file, { recursive: true });
    writeFileSync(file, answer("back again"));
    await terminal.sees('shows "back again"');
    expect(readFileSync(file, "utf8")).toBe(answer("back again")); // nothing of ours was put in its place
  });
});

it("a program that was saved while it was compiled is compiled again", async ({ expect }) => {
  const path = join(home, "changing.ts");
  for (let i = 0; i < 20; i++) {
    writeFileSync(path, `export default () => "early ${i} ${"x".repeat(i)}";`);
    const compiled = compileProgram(path);
    await pause(i / 2);
    writeFileSync(path, `export default () => "final ${i} ${"x".repeat(i)}";`);
    await compiled;
    const { url } = await compileProgram(path);
    expect(readFileSync(new URL(url), "utf8")).toContain(`final ${i}`);
  }
});
