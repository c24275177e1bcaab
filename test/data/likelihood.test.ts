/** The floor of a model's loss: each story is taken apart in one way, and the tables' average is that of many stories. */
import { expect, it } from "vitest";
import { makeStory, type Story, storyEntropy, storyLogProbability } from "../../src/data/index.ts";
import { natsOfFilled } from "../../src/data/stories/choices.ts";
import { derivationsOf } from "../../src/data/stories/likelihood.ts";
import { mulberry32 } from "../../src/platform/random.ts";

const random = mulberry32(23);
const stories = Array.from({ length: 800 }, () => makeStory(random));

/** Nats of a story's prompt: people, whether there is an object, and which. */
function natsOfPrompt({ people: [a, b], object }: Story): number {
  const kind = (each: string): number => -Math.log(each === "girl" || each === "boy" ? 0.4 : 0.6 / 12);
  const names = Math.log(24) + Math.log(2) + Math.log(a.isGirl === b.isGirl ? 11 : 12);
  const share = 9 / 12;
  return names + kind(a.kind) + kind(b.kind) + (object ? -Math.log(share / 160) : -Math.log(1 - share));
}

const derivations = stories.map(({ text }) => derivationsOf(text));

it("every story is made by exactly one set of choices", () => {
  expect(stories.filter((_, i) => derivations[i].length !== 1).map(({ text }) => text)).toEqual([]);
  for (const i of [0, 1, 2]) expect(storyLogProbability(stories[i].text)).toBeCloseTo(-derivations[i][0], 9);
});

it("the average that the tables give is that of 800 stories within four standard errors", () => {
  const { story, prompted } = storyEntropy();
  const check = (values: readonly number[], expected: number): void => {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
    expect(Math.abs(mean - expected)).toBeLessThan(4 * Math.sqrt(variance / values.length));
  };
  check(
    derivations.map(([nats]) => nats),
    story,
  );
  check(
    derivations.map(([nats], i) => nats - natsOfPrompt(stories[i])),
    prompted,
  );
});

it("the figures that models are measured against: 33.3 nats a story told unasked, 18.3 asked for", () => {
  const { story, prompted } = storyEntropy();
  expect(story).toBeCloseTo(33.308, 3);
  expect(prompted).toBeCloseTo(18.299, 3);
});

it("a text that the generator never makes has no probability", () => {
  const [{ text, people }] = stories;
  const [{ name }] = people;
  for (const other of ["", "A cat.", `${text} `, text.slice(0, -1), `${text} ${text}`, text.replace(name, "Bob")]) {
    expect(storyLogProbability(other)).toBe(-Infinity);
  }
});

it("what fills the gaps costs what its choice costs, by hand", () => {
  const nats = (filled: Readonly<Record<string, string>>): number => natsOfFilled(new Map(Object.entries(filled)));
  expect(nats({ A: "Mia" })).toBeCloseTo(Math.log(24), 12);
  expect(nats({ A: "Mia", B: "Zoe" })).toBeCloseTo(Math.log(24 * 2 * 11), 12);
  expect(nats({ A: "Mia", B: "Tom" })).toBeCloseTo(Math.log(24 * 2 * 12), 12);
  expect(nats({ A: "Mia", a: "girl" })).toBeCloseTo(Math.log(24 / 0.4), 12);
  expect(nats({ A: "Mia", a: "owl" })).toBeCloseTo(Math.log((24 * 12) / 0.6), 12);
  expect(nats({ A: "Mia", a: "boy" })).toBe(Infinity);
  expect(nats({ o: "ball", colour: "red" })).toBeCloseTo(Math.log(160), 12);
  expect(nats({ hide2: "under a bush" })).toBeCloseTo(Math.log(10), 12);
  expect(nats({ hide: "under the bench", hide2: "under a bush" })).toBeCloseTo(Math.log(90), 12);
});
