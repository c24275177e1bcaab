// The program of the browser suite: every rank runs the conformance cases and shows how many it checked.
import { type Context, defineScript, number } from "../../src/script/index.ts";
import { runSuite } from "../conformance/suite.ts";

export default defineScript({
  about: "Runs the conformance cases.",
  options: { cases: number(80, "random operations"), draws: number(40, "seed of the cases") },
  async main({ world, device, sleep, options, show }: Context<{ cases: number; draws: number }>) {
    const checked = await runSuite({ world, device, sleep }, { cases: options.cases, seed: options.draws });
    console.log(`rank ${world.rank} printed`);
    show.row({ checked });
  },
});
