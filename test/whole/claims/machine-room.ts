/** What the machine room's page states, and what it rests on. */
import type { Register } from "./claim.ts";
import { wasmSimd } from "./sources.ts";

export const machineRoom: Register = {
  page: "course/machine-room/README.md",
  claims: [{ says: "WebAssembly with 128-bit vectors", by: "source", sources: [wasmSimd] }],
};
