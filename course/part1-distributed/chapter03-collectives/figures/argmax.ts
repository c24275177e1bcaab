// Exercise 3.2's solution on two ranks, with four numbers each.
import { defineScript } from "worldsize";
import { bandsScene, type Figure, type Held, roundsOf } from "worldsize/draw";
import { argmax } from "../exercises/2-argmax/solution.ts";

const numbers = [
  [3, 8, 5, 1],
  [7, 2, 9, 4],
];

export default defineScript({
  about: "The largest of eight numbers on two ranks.",
  ranks: 2,
  async main({ world, device, show }) {
    show.row({ ...(await argmax(world, device, device.tensor(numbers[world.rank]))) });
  },
});

/** What each collective finds, and what the ranks put in. */
const labels = [
  "all_reduce(max): the largest number",
  "all_reduce(min): the lowest rank that has it",
  "broadcast: its place there",
];

const names = ["value", "rank", "index"];

/** A number on its way. @param step 1 where ranks offer their own number, or one too large to win. */
function offer(step: number, value = 0): string {
  return step === 1 ? `${value}${value < numbers.length ? ": mine" : ": not mine"}` : `${value}`;
}

export const figure: Figure = {
  about: "argmax on two ranks by three small collectives: the largest number is 9, rank 1 has it, at index 2.",
  draw({ traffic }) {
    const held = (values: readonly number[] = []): Held[] => values.map((value) => ({ text: `${value}` }));
    const bands = roundsOf(traffic).rounds.map((messages, i) => ({
      label: labels[i],
      arrows: messages.map(({ from, to, part }) => ({ from, to, label: offer(i, part?.values[0]) })),
      after: traffic.map(({ events }) => {
        const end = events.filter(({ event }) => event === "end")[i];
        return held(end.seen?.[0].values).map(({ text }) => ({ text: `${names[i]} ${text}` }));
      }),
    }));
    return bandsScene({
      title: "The largest number, whose it is, and where",
      ranks: 2,
      lane: 29,
      cell: 7,
      before: numbers.map((own) => [{ text: own.join(" ") }]),
      bands,
    });
  },
};
