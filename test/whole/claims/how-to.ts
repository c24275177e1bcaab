/** What course/how-to-use.md states, and what it rests on. */
import { markLink } from "../../../src/exercise/node/marks.ts";
import type { Register } from "./claim.ts";

export const howTo: Register = {
  page: "course/how-to-use.md",
  claims: [
    {
      says: "links of 20 µs and 1 GB/s",
      by: "run",
      gives: { "20": () => markLink.alpha * 1e6, "1": () => 1 / markLink.beta / 1e9 },
    },
  ],
};
