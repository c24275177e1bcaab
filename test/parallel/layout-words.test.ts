/** Words for layouts: what they mean, the shortest word for each, and what none is. */
import { expect, it } from "vitest";
import { layoutText, parseLayout, ranksOf } from "../../src/parallel/index.ts";

it.each([
  ["dp1", 1, "dp1"],
  ["dp4.ep2", 4, "dp4.ep2"],
  ["tp2.pp2.dp4.ep4+zb-h1", 16, "pp2.dp4.ep4.tp2+zb-h1"],
  ["copies2.dp2+fsdp", 4, "copies2.dp2+fsdp"],
  ["pp2+1f1b", 2, "pp2"],
  ["cp2.tp2+sp+recompute+ddp", 4, "cp2.tp2+sp+recompute"],
])("%s has %i ranks, and is %s", (word, ranks, shortest) => {
  const layout = parseLayout(word);
  expect(ranksOf(layout)).toBe(ranks);
  expect(layoutText(layout)).toBe(shortest);
  expect(parseLayout(shortest)).toEqual(layout);
});

it.each([
  ["", '"" is no axis with a number'],
  ["dp", '"dp" is no axis with a number'],
  ["dp2.dp2", "dp is there twice"],
  ["dp0", "dp has no ranks"],
  ["xp2", "there is no axis xp"],
  ["dp2+what", 'nothing is called "what"'],
  ["dp2+1f1b", "1f1b orders the work of stages, and pp has one rank"],
  ["dp2+sp", "sp cuts tokens along tp, which has one rank"],
  ["ep2", "ep shares experts out among ranks along dp, and 2 does not divide 1: write dp2.ep2"],
  ["dp4.ep3", "3 does not divide 4: write dp3.ep3"],
  ["dp4.ep2+fsdp", "with ep gradients are summed (ddp)"],
  ["pp2.dp2+zb-v+fsdp", "zb-v computes gradients of weights later"],
])("%s is no layout: %s", (word, why) => {
  expect(() => parseLayout(word)).toThrow(RangeError);
  expect(() => parseLayout(word)).toThrow(why);
});
