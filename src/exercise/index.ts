/** What exercises import. */
export { changeOf } from "./change.ts";
export {
  type Advice,
  type Answer,
  type Bound,
  defineAdvice,
  defineExercise,
  defineMutants,
  type Exercise,
  type Mutant,
  type Question,
  type RankSide,
} from "./define.ts";
export { draws, explainSum, short, wholes } from "./explain.ts";
export { exerciseScript } from "./harness.ts";
export { counted, lineOf, mostUnderWay, waitedEarly } from "./messages.ts";
export { Outcome, type RunSettings, Wrong } from "./outcome.ts";
export { patientStore } from "./patient.ts";
export { type Form, formed, isOdd, Odd, plainOf, wordsOfValue } from "./report.ts";

export { fieldsOf, type Watch, type Watched, watch } from "./watch.ts";
