/** The conformance suite as a program that `worldsize run` can run too. */
import { defineScript, number } from "worldsize";
import { runSuite } from "./suite.ts";

export default defineScript({
  about: "Random operations of process groups against a plain reference.",
  options: {
    cases: number(100, "operations to check", { min: 1, integer: true }),
    caseSeed: number(1, "seed of the cases", { integer: true }),
  },
  async main({ world, device, sleep, options, show }) {
    const checked = await runSuite({ world, device, sleep }, { cases: options.cases, seed: options.caseSeed });
    show.row({ checked });
  },
});
