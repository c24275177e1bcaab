// Checks 8.3: text over tokens, with characters and stop strings that are split over them. What is judged stands in judge.ts.
import { type Answer, defineExercise, plainOf } from "worldsize/exercise";
import { type Case, casesOf, givenOf } from "./cases.ts";
import { judgeCase } from "./judge.ts";

type Stream = (token: Uint8Array | undefined) => unknown;

interface StreamAnswer extends Answer {
  stream(stops: string[]): unknown;
}

interface Report {
  readonly cases: readonly unknown[];
}

export default defineExercise<Report>({
  number: "8.3",
  title: "Stop strings",
  exports: ["stream"],
  worlds: [1],
  interleavings: 0,
  hints: [
    "Keep two things between calls: bytes that are no whole character yet, which a TextDecoder can keep for you, and text that could still become a stop string. What a token brings is looked at behind that text, never alone.",
    "Each call: held text + what the decoder gives. Is a stop string in it? Take the one that ends first, give what is before it. Otherwise find the longest end of the text with which some stop string begins: that much is held, the rest is given.",
    'new TextDecoder("utf-8", { ignoreBOM: true }), decode(token, { stream: true }), and decode() at the end, when all that is held is given. Of stop strings found at `at`, the smallest at + stop.length wins, the first of the list among equals.',
  ],
  questions: [
    {
      ask: 'Tokens "on" "e s" "to" "ne", stop string "stop". How many characters are given with the third token?',
      world: 1,
      answer: () => givenOf(casesOf(1)[7]).pieces[2].length,
      because: '"s" is held since the second token, and "sto" could be the beginning of "stop": nothing is given.',
    },
    {
      ask: 'One token "there", stop strings "re" and "he", in this order. How many characters are given?',
      world: 1,
      answer: () => givenOf(casesOf(1)[11]).pieces[0].length,
      because: '"he" is complete one character before "re": the answer is "t". The list decides only between equals.',
    },
  ],
  async run(answer, { seed }) {
    const { stream } = answer as StreamAnswer;
    return { cases: casesOf(seed).map((each) => piecesOf(stream, each)) };
  },
  judge({ seed, reports: [{ cases }] }) {
    for (const [i, each] of casesOf(seed).entries()) judgeCase(cases[i], each);
  },
});

/** What an answer gives for each token, until it says that it has stopped, or the library has. */
function piecesOf(stream: StreamAnswer["stream"], each: Case): unknown {
  const made = stream([...each.stops]);
  if (typeof made !== "function") return { not: plainOf(made) };
  const pieces: unknown[] = [];
  const most = givenOf(each).pieces.length;
  for (const token of [...each.tokens, undefined].slice(0, most))
    pieces.push(plainOf((made as Stream)(token && Uint8Array.from(token))));
  return { pieces };
}
