/** What the machine room's page states, and what it rests on. */
import type { Register } from "./claim.ts";
import { wasmSimd } from "./sources.ts";

const streams = "worldsize run streams-by-hand";

export const machineRoom: Register = {
  page: "course/machine-room/README.md",
  claims: [
    { says: "WebAssembly with 128-bit vectors", by: "source", sources: [wasmSimd] },
    { says: "on two busy cores", by: "example", why: "the machine of the measurement" },
    { says: "The second takes half the time", by: "arithmetic", gives: { half: () => 229.1 / 465.8 } },
    {
      says: "The other four steps show a launch, a wait, an event and a graph",
      by: "command",
      run: streams,
      prints: ["Launch (", "Wait (", "Event (", "Graph ("],
    },
  ],
};
