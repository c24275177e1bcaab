/**
 * Plots: what happens, step by step, each step in several wordings. Gaps in braces are filled once for a story:
 * {A} and {B} are its people, {a} and {b} their kinds; {he} {him} {his} stand for A, and no pronoun ever stands for B.
 * {O} is the object with its colour, {o} the object alone. B is named with the kind first, and often after that.
 */
import { meets, owns, type Plot, what, where, who, yesNo } from "./plot-forms.ts";

/** All plots. */
export const plots: readonly Plot[] = [
  {
    name: "lost",
    hasObject: true,
    steps: [
      owns,
      [
        "{day}, {A} went to {place} and lost the {o}.",
        "{day}, {A} was playing at {place}, and the {o} was suddenly gone.",
      ],
      ['"Where is my {o}?" cried {A}.', '"My {o} is gone!" cried {A}.'],
      ["{He} looked {hide}, but it was not there."],
      meets,
      ['"I will help you," said {B}.', '"Let us look together," said {B}.'],
      ["They searched and searched, and {B} found the {O} {hide2}.", "At last, {B} saw the {O} {hide2}."],
    ],
    questions: [
      where("Where was the {o}?", "The {o} was {hide2}."),
      what("What did {A} lose?", "{A} lost a {O}."),
      who("Who found the {o}?", "{B} found the {o}."),
      ...yesNo("Did {B} find the {o}?", "Did {A} find the {o}?", "{B} found the {o}"),
    ],
  },
  {
    name: "stuck",
    hasObject: true,
    steps: [
      owns,
      ["{day}, the {o} got stuck {high} at {place}.", "{day}, {A} threw the {o} at {place}, and it landed {high}."],
      ["{A} jumped, but {he} could not reach it.", "{A} was too small to reach it."],
      ["{He} tried {tool}, but it was too short.", "First {he} tried {tool}, but it did not work."],
      meets,
      ["{B} had {tool2}."],
      ["With {tool2}, {B} got the {O} down.", "{B} used {tool2}, and the {O} came down."],
    ],
    questions: [
      who("Who got the {o} down?", "{B} got the {o} down."),
      what("What did {B} use?", "{B} used {tool2}."),
      where("Where was the {o} stuck?", "The {o} was stuck {high}."),
      ...yesNo("Did {B} use {tool2}?", "Did {B} use {tool}?", "{B} used {tool2}"),
    ],
  },
  {
    name: "broken",
    hasObject: true,
    steps: [
      owns,
      ["{day}, {A} fell at {place}, and the {o} broke.", "{day}, the {o} fell down at {place} and broke."],
      ["{A} was very {sad}.", "{A} began to cry."],
      meets,
      ['"Do not worry," said {B}. "We can fix it."', '"I can fix it," said {B}.'],
      ["{B} brought {glue} from home."],
      ["They worked slowly, and soon the {O} was whole again.", "With {glue}, {B} fixed the {O}."],
    ],
    questions: [
      what("What broke?", "The {O} broke."),
      what("What did {B} bring?", "{B} brought {glue}."),
      who("Who helped {A}?", "{B} helped {A}."),
      ...yesNo("Did {B} help {A}?", "Did {A} help {B}?", "{B} helped {A}"),
    ],
  },
  {
    name: "share",
    hasObject: true,
    steps: [
      ["{His} friend was {B} the {b}."],
      ["{day}, {A} and {B} found a {O} at {place}."],
      ['"It is mine!" said {A}.'],
      ['"No, I saw it first!" said {B}.'],
      ["They pulled at the {o}, and both were {sad}.", "{A} and {B} were angry and did not talk."],
      ["Then {A} had an idea.", "Then {B} had an idea."],
      ["They took turns, and each had the {O} for a while.", "{A} and {B} took turns with the {O}."],
    ],
    questions: [
      what("What did they find?", "They found a {O}."),
      where("Where did they find it?", "They found it at {place}."),
      who("Who was {A}'s friend?", "{B} was {A}'s friend."),
      ...yesNo("Did they find it at {place}?", "Did they find it at {place2}?", "They found it at {place}"),
    ],
  },
  {
    name: "fear",
    hasObject: false,
    steps: [
      ["{A} was afraid of {fear}."],
      ["{day}, {A} was at {place} with {B} the {b}."],
      ['"I am scared," said {A}.', "{A} wanted to run away."],
      ['"Take my hand," said {B}.', '"I am here with you," said {B}.'],
      ["{A} took a deep breath.", "{A} closed {his} eyes and counted to three."],
      ["Slowly, {he} was not afraid of {fear} anymore.", "Soon {fear} did not seem so bad."],
    ],
    questions: [
      what("What was {A} afraid of?", "{A} was afraid of {fear}."),
      who("Who helped {A}?", "{B} helped {A}."),
      ...yesNo("Was {A} afraid of {fear}?", "Was {A} afraid of {fear2}?", "{A} was afraid of {fear}"),
    ],
  },
  {
    name: "gift",
    hasObject: true,
    steps: [
      [
        "{His} friend {B} the {b} was sick.",
        "{His} friend {B} the {b} was sad.",
        "{His} friend {B} the {b} was lonely.",
      ],
      ["{day}, {A} wanted to make {B} smile."],
      ["{He} went to {place} to look for a gift."],
      ["First {he} saw some flowers, but they were too wet."],
      ["Then {A} found a {O} {hide}."],
      ["{A} carried the {o} to {B}."],
      ['"This is for you," said {A}.', '"I found this for you," said {A}.'],
    ],
    questions: [
      what("What was the gift?", "The gift was a {O}."),
      who("Who got the {o}?", "{B} got the {o}."),
      where("Where did {A} go?", "{A} went to {place}."),
      ...yesNo("Did {A} find the {o}?", "Did {B} find the {o}?", "{A} found the {o}"),
    ],
  },
  {
    name: "skill",
    hasObject: false,
    steps: [
      ["{A} wanted to learn to {skill}."],
      ["{day}, {he} went to {place} to try."],
      ["The first time, {he} failed.", "It was hard, and {he} almost gave up."],
      meets,
      ['"I can show you how to {skill}," said {B}.'],
      ["{A} tried again and again with {B}."],
      ["At last, {A} could {skill}!"],
    ],
    questions: [
      what("What did {A} learn?", "{A} learned to {skill}."),
      who("Who helped {A}?", "{B} helped {A}."),
      ...yesNo("Did {A} learn to {skill}?", "Did {A} learn to {skill2}?", "{A} learned to {skill}"),
    ],
  },
  {
    name: "found",
    hasObject: true,
    steps: [
      ["{day}, {A} found a {O} {hide} at {place}."],
      ['"Whose {o} is this?" asked {A}.'],
      ["{He} looked around and saw {B} the {b}.", "{He} asked {B} the {b}."],
      ['"Yes, that is my {o}!" said {B}.', '"I lost that {o} yesterday," said {B}.'],
      ["{A} wanted to keep it, but it belonged to {B}.", "{A} thought about it for a moment."],
      ["Then {A} gave the {O} back to {B}."],
    ],
    questions: [
      who("Whose {o} was it?", "It was {B}'s {o}."),
      what("What did {A} find?", "{A} found a {O}."),
      where("Where was the {o}?", "The {o} was {hide}."),
      ...yesNo("Was it {B}'s {o}?", "Was it {A}'s {o}?", "It was {B}'s {o}"),
    ],
  },
  {
    name: "cook",
    hasObject: false,
    steps: [
      ["{day}, {A} wanted to make {food}."],
      ["But {he} had no {missing} in the kitchen."],
      ["{He} looked on the shelf and found only {missing2}."],
      ["So {he} walked to {place} and asked {B} the {b}."],
      ['"I have {missing}," said {B}.'],
      ["{A} and {B} cooked, and the {food} smelled good."],
    ],
    questions: [
      what("What did {A} make?", "{A} made {food}."),
      who("Who had {missing}?", "{B} had {missing}."),
      what("What did {A} need?", "{A} needed {missing}."),
      ...yesNo("Did {B} have {missing}?", "Did {A} have {missing}?", "{B} had {missing}"),
    ],
  },
  {
    name: "took",
    hasObject: true,
    steps: [
      ["{day}, {he} saw a {O} at {place}."],
      ["The {o} belonged to {B} the {b}."],
      ["{A} took it without asking."],
      ["{B} looked for the {o} and was {sad}."],
      ["{A} saw this and felt bad."],
      ['"I am sorry, I took your {o}," said {A}.'],
      ["{He} gave the {O} back to {B}."],
    ],
    questions: [
      who("Who took the {o}?", "{A} took the {o}."),
      who("Whose {o} was it?", "It was {B}'s {o}."),
      what("What did {A} take?", "{A} took a {O}."),
      ...yesNo("Did {A} take the {o}?", "Did {B} take the {o}?", "{A} took the {o}"),
    ],
  },
  {
    name: "race",
    hasObject: true,
    steps: [
      ["{day}, {A} and {B} the {b} had a race at {place}."],
      ["The prize was a {O}."],
      ["{B} ran fast, but {B} fell {hide}.", "{B} was in front, but then {B} fell {hide}."],
      ["{A} stopped to help {B}.", "{A} did not stop and ran on."],
      ["{B} got up again."],
      ["{A} won the race and got the {O}."],
    ],
    questions: [
      who("Who won the race?", "{A} won the race."),
      who("Who fell?", "{B} fell."),
      what("What was the prize?", "The prize was a {O}."),
      ...yesNo("Did {A} win the race?", "Did {B} win the race?", "{A} won the race"),
    ],
  },
  {
    name: "rain",
    hasObject: true,
    steps: [
      owns,
      ["{day}, {A} went to {place} with {B} the {b}."],
      ["Suddenly it began to rain, and the {o} got wet.", "Then a big cloud came, and it rained on the {o}."],
      ['"Oh no, my {o}!" said {A}.'],
      ["{A} and {B} ran and waited {hide}."],
      ['"The sun will dry it," said {B}.', '"We only have to wait," said {B}.'],
      ["Soon the sun came back, and the {O} was dry."],
    ],
    questions: [
      what("What got wet?", "The {O} got wet."),
      where("Where did they wait?", "They waited {hide}."),
      who("Who was with {A}?", "{B} was with {A}."),
      ...yesNo("Did they wait {hide}?", "Did they wait {hide2}?", "They waited {hide}"),
    ],
  },
];
