/**
 * What plots are written in: the shape of a plot and of its questions, and the wordings that many plots share. Gaps in
 * braces are explained in plots.ts.
 */

/** A question that a story answers. */
export interface QuestionForm {
  readonly kind: "who" | "what" | "where" | "colour" | "yes" | "no";
  readonly question: string;
  /** With the fact said again. */
  readonly answer: string;
}

/** One kind of story. */
export interface Plot {
  readonly name: string;
  readonly hasObject: boolean;
  /** Wordings of each step. */
  readonly steps: readonly (readonly string[])[];
  readonly questions: readonly QuestionForm[];
}

/** How the object becomes the main character's own. */
export const owns = [
  "{He} had a {O}, and {he} took it everywhere.",
  "{His} favorite thing was a {O}.",
  "{He} loved {his} {O} very much.",
  "For {his} birthday, {A} got a {O}.",
];
/** How the second person comes in, with the kind. */
export const meets = [
  "{B} the {b} came by.",
  "Then {B} the {b} came along.",
  "{A} met {B} the {b}.",
  "Just then, {B} the {b} walked past.",
];

/** A question about a person. */
export function who(question: string, answer: string): QuestionForm {
  return { kind: "who", question, answer };
}
/** A question about a thing, or about what somebody is. */
export function what(question: string, answer: string): QuestionForm {
  return { kind: "what", question, answer };
}
/** A question about a place. */
export function where(question: string, answer: string): QuestionForm {
  return { kind: "where", question, answer };
}
/**
 * Two questions with one fact behind them: yes is right for the first, no for the second. The fact is said first, so
 * that who answers has it before them when they decide.
 */
export function yesNo(yes: string, no: string, fact: string): QuestionForm[] {
  return [
    { kind: "yes", question: yes, answer: `${fact}, so yes.` },
    { kind: "no", question: no, answer: `${fact}, so no.` },
  ];
}

/** Of every story with an object. */
export const objectQuestions: readonly QuestionForm[] = [
  { kind: "colour", question: "What color was the {o}?", answer: "The {o} was {colour}." },
  ...yesNo("Was the {o} {colour}?", "Was the {o} {colour2}?", "The {o} was {colour}"),
];
/** Of every story. */
export const peopleQuestions: readonly QuestionForm[] = [
  what("What was {A}?", "{A} was a {a}."),
  what("What was {B}?", "{B} was a {b}."),
];

/** How stories end, by mood. {thing} is the object, or what was kind. */
export const endings = {
  kind: [
    "{A} hugged {B} and said thank you for {thing}.",
    '"Thank you for being my friend," said {A}, and {A} and {B} shared {treat}.',
    "{A} and {B} shared {treat} and were best friends from that day on.",
  ],
  plain: [
    "{A} was {glad} and went home with {B}.",
    "That night, {A} dreamed about {thing}.",
    "In the evening, {A} told everyone about {thing} and fell asleep.",
  ],
  grumpy: [
    "But {A} went home alone and did not talk about {thing}.",
    "But {A} was still angry at {B} because of {thing}.",
    "{A} turned away from {B} and never spoke of {thing} again.",
  ],
} as const;

/** How a main character is introduced. */
export const introductions = [
  "Once there was a {adjective} {a} named {A}.",
  "There was once a {adjective} {a} called {A}.",
  "{A} was a {adjective} {a}.",
  "Once upon a time, a {adjective} {a} named {A} lived near {home}.",
];
