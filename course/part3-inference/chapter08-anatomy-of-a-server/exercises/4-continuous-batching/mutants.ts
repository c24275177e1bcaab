import { defineMutants } from "worldsize/exercise";

const given = "        machine.give(sequence.id, drawn[i]);\n";

export default defineMutants([
  {
    name: "static-batching",
    belief: "A batch is run to its end, then comes the next one.",
    edits: [
      [
        "    for (let slot = 0; slot < machine.slots; slot++) {",
        "    for (let slot = 0, n = running.length > 0 ? 0 : machine.slots; slot < n; slot++) {",
      ],
    ],
    message: /A slot that is free takes the next request at once/,
  },
  {
    name: "runs-who-has-ended",
    belief: "A sequence has ended when its end has been run, too.",
    edits: [
      [
        "      if (drawn[i] === end) sequence.left = 0;\n      else {",
        "      if (sequence.left <= 0) sequence.left = -1;\n      else if (drawn[i] === end) sequence.left = 0;\n      else {",
      ],
      ["filter(({ left }) => left > 0)", "filter(({ left }) => left >= 0)"],
    ],
    message: /Whoever has ended is run no more/,
  },
  {
    name: "loses-the-first",
    belief: "The step that runs the prompt only fills the cache.",
    edits: [
      ["      sequence.start += ", "      const isFirst = sequence.start === 0;\n      sequence.start += "],
      [given, "        if (!isFirst) machine.give(sequence.id, drawn[i]);\n"],
    ],
    message: /the step that runs the prompt draws a token, too/,
  },
  {
    name: "gives-at-the-end",
    belief: "An answer is given when it is whole.",
    edits: [
      [
        "  let running: Sequence[] = [];\n",
        "  let running: Sequence[] = [];\n  const whole = new Map<number, number[]>();\n",
      ],
      [given, "        whole.set(sequence.id, [...(whole.get(sequence.id) ?? []), drawn[i]]);\n"],
      [
        "    running = running.filter(({ left }) => left > 0);\n",
        "    for (const { id, left } of running) if (left <= 0) for (const token of whole.get(id) ?? []) machine.give(id, token);\n    running = running.filter(({ left }) => left > 0);\n",
      ],
    ],
    message: /Give each token as it is drawn/,
  },
  {
    name: "gives-the-end",
    belief: "What was drawn is given.",
    edits: [
      [
        "      if (drawn[i] === end) sequence.left = 0;\n      else {",
        "      if (drawn[i] === end) sequence.left = 1;\n      {",
      ],
    ],
    message: /ends an answer and is not given/,
  },
  {
    name: "begins-one-too-late",
    belief: "The token that was drawn is in the slot, too.",
    edits: [["sequence.start += sequence.tokens.length;", "sequence.start += sequence.tokens.length + 1;"]],
    message: /a row begins at the number of tokens whose keys and values are there already/,
  },
]);
