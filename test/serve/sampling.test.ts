/** Draws: against the plain sampler of models, and against what each option says. */
import { expect, it } from "vitest";
import { drawFrom } from "../../src/models/generate.ts";
import { mulberry32 } from "../../src/platform/random.ts";
import { greedy } from "../../src/serve/index.ts";
import { adjustLogits } from "../../src/serve/sampling/adjust.ts";
import { drawToken, logprobsOf, sample } from "../../src/serve/sampling/sample.ts";

const random = mulberry32(5);
const logitsOf = (length: number, spread = 4): Float32Array =>
  Float32Array.from({ length }, () => spread * (random() + random() + random() - 1.5));

it("draws what the plain sampler draws, at every temperature, top-k and top-p", () => {
  for (let round = 0; round < 600; round++) {
    const logits = logitsOf(2 + Math.floor(random() * 200), round % 3 === 0 ? 40 : 3);
    if (round % 5 === 0) logits[1] = logits[0]; // equals
    const temperature = [0.3, 1, 2.5][round % 3];
    const topK = round % 2 === 0 ? 0 : 1 + Math.floor(random() * 12);
    const topP = round % 4 < 2 ? 1 : 0.05 + 0.94 * random();
    const u = random();
    const ours = drawToken(logits, { ...greedy, temperature, topK, topP }, u);
    const plain = drawFrom(logits, u, { temperature, topK, topP });
    // Where nothing is cut off, the plain one sums in the order of likelihood, and ours in that of ids: another token for the same u.
    if ((topK === 0 || topK >= logits.length) && topP === 1) continue;
    expect(ours, `round ${round}`).toBe(plain);
  }
});

it("without a cut, each token is drawn as often as its probability says", () => {
  const logits = Float32Array.from([0, 1, -1, 3, 2]);
  const weights = [...logits].map((x) => Math.exp(x / 1.5));
  const total = weights.reduce((sum, w) => sum + w, 0);
  const counts = Array<number>(5).fill(0);
  const draws = 20_000;
  for (let i = 0; i < draws; i++) counts[drawToken(logits, { ...greedy, temperature: 1.5 }, (i + 0.5) / draws)]++;
  for (const [i, count] of counts.entries())
    expect(Math.abs(count / draws - weights[i] / total)).toBeLessThan(2 / draws);
});

it("min-p leaves tokens that are likely enough beside the most likely one", () => {
  const logits = Float32Array.from([0, Math.log(0.5), Math.log(0.24), Math.log(0.26)]);
  const found = new Set<number>();
  for (let i = 0; i < 1000; i++) found.add(drawToken(logits, { ...greedy, temperature: 1, minP: 0.25 }, i / 1000));
  expect([...found].sort()).toEqual([0, 1, 3]);
});

it("penalties and biases change what they say, by hand", () => {
  const logits = Float32Array.from([2, -2, 1, 1, 0]);
  const options = {
    ...greedy,
    repetitionPenalty: 2,
    frequencyPenalty: 0.5,
    presencePenalty: 0.25,
    bias: new Map([[4, 9]]),
  };
  adjustLogits(logits, options, [0, 1, 2, 2], 2); // 0 and 1 are the prompt's; 2 was drawn twice
  expect([...logits]).toEqual([1, -4, 0.5 - 1 - 0.25, 1, 9]);
});

it("a draw depends on the seed, the choice and the place, and on nothing else", () => {
  const logits = logitsOf(50, 1);
  const draw = (seed: number, choice: number, tokens: number[]) =>
    sample(logits, { sampling: { ...greedy, temperature: 1, seed }, choice, tokens, promptLength: 1 }).token;
  expect(draw(1, 0, [3, 4])).toBe(draw(1, 0, [9, 9]));
  const others = [draw(2, 0, [3, 4]), draw(1, 1, [3, 4]), draw(1, 0, [3, 4, 5])];
  expect(others.some((token) => token !== draw(1, 0, [3, 4]))).toBe(true);
});

it("log-probabilities are the model's: sums of 1, sorted, and never below what JSON can say", () => {
  const logits = Float32Array.from([1, 3, 2, -Infinity]);
  const { logprob, top } = logprobsOf(logits, 3, 4);
  expect(logprob).toBe(-9999);
  expect(top?.map(({ token }) => token)).toEqual([1, 2, 0, 3]);
  expect(top?.reduce((sum, each) => sum + Math.exp(each.logprob), 0)).toBeCloseTo(1, 12);
  expect(logprobsOf(logits, 0, 0).top).toEqual([]);
  expect(JSON.stringify(logprobsOf(logits, 3, 4))).not.toContain("null");
});
