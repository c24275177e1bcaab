/** Stories and tasks: what is made keeps its own rules, and each rule is broken by a change of its kind. */
import { describe, expect, it } from "vitest";
import {
  checkStory,
  isHeldOut,
  makeDocument,
  makeStory,
  makeTask,
  ruleRates,
  type Story,
  sentencesOf,
  taskKinds,
  verifyTask,
} from "../../src/data/index.ts";
import { animals, boys, colours, girls, objects } from "../../src/data/stories/words.ts";
import { mulberry32 } from "../../src/platform/random.ts";

const random = mulberry32(11);
const stories = Array.from({ length: 3000 }, () => makeStory(random));
const other = (list: readonly string[], not: string): string => list.find((each) => each !== not) as string;

describe("stories", () => {
  it("keep all rules, with their prompt and without", () => {
    for (const { text, prompt } of stories) {
      for (const verdict of [checkStory(text), checkStory(text, prompt)]) {
        if (!verdict.all) expect([text, verdict]).toBe("kept");
      }
    }
    expect(ruleRates(stories.map(({ text }) => checkStory(text))).all).toBe(1);
  });

  it("are the same for the same seed, and nearly always different", () => {
    const again = mulberry32(11);
    expect(Array.from({ length: 5 }, () => makeStory(again))).toEqual(stories.slice(0, 5));
    expect(new Set(stories.map(({ text }) => text)).size).toBeGreaterThan(2990);
    expect(new Set(stories.map(({ plot }) => plot)).size).toBe(12);
  });

  it("answer their questions with what the text says", () => {
    for (const { questions, people, colour } of stories) {
      const ask = (kind: string) => questions.filter((each) => each.kind === kind);
      expect(ask("yes").length).toBe(ask("no").length);
      for (const { answer } of ask("yes")) expect(answer).toMatch(/, so yes\.$/);
      for (const { answer } of ask("no")) expect(answer).toMatch(/, so no\.$/);
      for (const { answer } of ask("colour")) expect(answer).toContain(colour);
      for (const { answer } of ask("who")) expect(people.some(({ name }) => answer.includes(name))).toBe(true);
      for (const { question, answer } of questions) expect(question + answer).not.toMatch(/[{}]|undefined/);
    }
  });

  it("use about 500 words", () => {
    const words = new Set(stories.flatMap(({ text, prompt }) => `${text} ${prompt}`.match(/[A-Za-z]+/g) ?? []));
    expect(words.size).toBeGreaterThan(350);
    expect(words.size).toBeLessThan(600);
  });
});

describe("every rule is broken by a change of its kind", () => {
  const withObject = stories.filter(({ object }) => object !== undefined);
  const replaced = (text: string, from: string, to: string): string =>
    text.replaceAll(new RegExp(`\\b${from}\\b`, "g"), to);
  const breaks: Readonly<Record<string, (story: Story) => string>> = {
    "five sentences or more": ({ text }) => sentencesOf(text).slice(0, 4).join(" "),
    "ends with a whole sentence": ({ text }) => text.slice(0, -1),
    "main character in the last two sentences": ({ text, people: [{ name }] }) => {
      const all = sentencesOf(text);
      return [...all.slice(0, -2), ...all.slice(-2).map((each) => replaced(each, name, "someone"))].join(" ");
    },
    "no name that was not introduced": ({ text, people }) => {
      const stranger = [...girls, ...boys].find((each) => people.every(({ name }) => name !== each));
      return `${text} ${stranger} laughed.`;
    },
    "no name that was not introduced ": ({ text }) => `${text} Bob laughed.`,
    "kinds stay": ({ text, people: [{ name, kind }] }) => `${text} ${name} the ${other(animals, kind)} was tired.`,
    "girls and boys as named": ({ text, people: [{ name, isGirl }] }) =>
      `${text} ${name} the ${isGirl ? "boy" : "girl"} slept.`,
    "one object": ({ text, object }) => `${text} There was a ${other(objects, object ?? "")}.`,
    "its color stays": ({ text, object, colour }) => `${text} It was a ${other(colours, colour ?? "")} ${object}.`,
    "people as asked": ({ text, people: [, { name, kind }] }) =>
      replaced(text, `${name} the ${kind}`, `${name} the ${other(animals, kind)}`),
    "nobody else": ({ text, people }) => {
      const stranger = [...girls, ...boys].find((each) => people.every(({ name }) => name !== each));
      return `${text} ${stranger} the fox came.`;
    },
    "object as asked": ({ text, object }) => replaced(text, object ?? "", other(objects, object ?? "")),
    "color as asked": ({ text, colour }) => replaced(text, colour ?? "", other(colours, colour ?? "")),
    "kinds stay ": ({ text, people }) => {
      const stray = animals.find((each) => people.every(({ kind }) => kind !== each));
      return `${text} The ${stray} ran away.`;
    },
    "its color stays ": ({ text, object, colour }) => `${text} The ${object} was ${other(colours, colour ?? "")}.`,
    "pronouns as named": ({ text, people: [{ isGirl }] }) => `${text} ${isGirl ? "He" : "She"} went away.`,
    "pronouns as named ": ({ text, people: [{ isGirl }] }) => `${text} It was ${isGirl ? "his" : "her"} day.`,
  };

  it.each(Object.entries(breaks))("%s", (rule, change) => {
    const able = withObject.slice(0, 200);
    expect(able.length).toBeGreaterThan(100);
    for (const story of able) {
      const verdict = checkStory(change(story), story.prompt);
      if (verdict[rule.trim()] !== false) expect([change(story), verdict]).toBe(`broken: ${rule}`);
      expect(verdict.all).toBe(false);
    }
  });

  it("and no other rule is checked", () => {
    const rules = Object.keys(checkStory(withObject[0].text, withObject[0].prompt));
    expect(rules.filter((rule) => rule !== "all").sort()).toEqual(
      [...new Set(Object.keys(breaks).map((rule) => rule.trim()))].sort(),
    );
  });
});

describe("tasks", () => {
  it.each(taskKinds)("%s: the answer verifies, another does not", (kind) => {
    for (let i = 0; i < 200; i++) {
      const task = makeTask(random, kind);
      expect(verifyTask(task, ` ${task.answer} `)).toBe(true);
      expect(verifyTask(task, `${task.answer}1`)).toBe(false);
      const sum = /^(?:steps )?(\d+)\+(\d+)=$/.exec(task.prompt);
      if (sum) expect(Number(task.answer.split(",").at(-1))).toBe(Number(sum[1]) + Number(sum[2]));
      const difference = /^(\d+)-(\d+)=$/.exec(task.prompt);
      if (difference) expect(Number(task.answer)).toBe(Number(difference[1]) - Number(difference[2]));
    }
  });

  it("written steps are right, column by column", () => {
    for (let i = 0; i < 200; i++) {
      const { answer } = makeTask(random, "steps");
      for (const step of answer.split(",").slice(0, 2)) {
        const [sum, result] = step.split("=");
        expect(sum.split("+").reduce((total, each) => total + Number(each), 0)).toBe(Number(result));
      }
    }
  });

  it("training never sees what is held out, in either order, and evaluation sees nothing else", () => {
    const pairs = (text: string): [number, number][] =>
      [...text.matchAll(/(?:^|steps )(\d+)[+-](\d+)=/gm)].map(([, a, b]) => [Number(a), Number(b)]);
    const asked = Array.from({ length: 20_000 }, () => makeDocument(random)).flatMap((document) =>
      document.flatMap(({ role, text }) => (role === "user" ? pairs(text) : [])),
    );
    expect(asked.length).toBeGreaterThan(20_000);
    expect(asked.filter(([a, b]) => isHeldOut(a, b) || isHeldOut(b, a))).toEqual([]);
    for (let i = 0; i < 500; i++) {
      const { prompt } = makeTask(random, "sum99", true);
      for (const [a, b] of pairs(prompt)) expect(isHeldOut(a, b)).toBe(true);
    }
    const share = Array.from({ length: 10_000 }, (_, i) => isHeldOut(Math.floor(i / 100), i % 100)).filter(
      Boolean,
    ).length;
    expect(share).toBeGreaterThan(800);
    expect(share).toBeLessThan(1200);
  });
});
