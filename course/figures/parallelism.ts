// Which parallelism helps when.
import { decisionsScene, type Figure } from "worldsize/draw";

/** From the symptom to the remedy; the first that is the reader's own counts. */
const decisions = [
  {
    symptom: "It fits; it is just slow",
    remedy: "data parallel",
    idea: "copy model, split data",
    where: "ch. 5",
  },
  { symptom: "Optimizer state does not fit", remedy: "ZeRO, FSDP", idea: "keep shards, not copies", where: "ch. 5" },
  { symptom: "One layer does not fit", remedy: "tensor parallel", idea: "split each layer", where: "ch. 6" },
  {
    symptom: "The stack does not fit",
    remedy: "pipeline parallel",
    idea: "split the layer stack",
    where: "ch. 7",
  },
  { symptom: "The experts do not fit", remedy: "expert parallel", idea: "spread the experts", where: "ch. 7" },
  {
    symptom: "The sequence does not fit",
    remedy: "context parallel",
    idea: "split the sequence",
    where: "ch. 6, 7",
  },
  { symptom: "Several of these", remedy: "a device mesh", idea: "one of them per axis", where: "ch. 7" },
];

export const figure: Figure = {
  about: "Which parallelism: from what does not fit to what helps, one question after the other.",
  draw: () =>
    decisionsScene(
      "Which parallelism? Stop at the first line that is yours",
      decisions.map(({ symptom, remedy }) => `${symptom}: ${remedy}`).join("; "),
      decisions,
    ),
};
