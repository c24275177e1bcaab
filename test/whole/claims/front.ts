/** What course/README.md states, and what it rests on. */
import { readPage } from "../../helpers/pages.ts";
import type { Register } from "./claim.ts";
import { parts } from "./runs.ts";
import { chipsAndCheese, clock, dellMemory, h100, kioxia, megatron, sharedMemory } from "./sources.ts";

/** Bandwidths of some of the figure's levels. */
const { nvlink4, ndr400, eth100 } = parts;
const onChip = 132 * 128 * 1.98e9;

const chaptersOfTheMap = (readPage("course/README.md").match(/^\| \d+ \|/gm) ?? []).length;

export const front: Register = {
  page: "course/README.md",
  claims: [
    { says: "Fourteen chapters", by: "run", gives: { Fourteen: () => chaptersOfTheMap } },
    { says: "(two minutes)", by: "example", why: "the page has 900 words" },
    {
      says: "nine patterns",
      by: "command",
      run: "worldsize run collective-cheatsheet",
      prints: ["broadcast", "all_to_all", "barrier"],
    },
    { says: "two all_reduces per layer in the forward pass", by: "source", sources: [megatron] },
    { says: "Nine levels as dots", by: "example", why: "dots of the figure" },
    { says: "33.5 TB/s on chip", by: "arithmetic", gives: { "33.5": () => onChip / 1e12 } },
    { says: "12.5 GB/s over Ethernet", by: "simulator", gives: { "12.5": () => eth100.bandwidth / 1e9 } },
    {
      says: "7.4 times from HBM to NVLink",
      by: "source",
      sources: [h100],
      gives: { "7.4": () => 3.35e12 / nvlink4.bandwidth },
    },
    {
      says: "6.1 times from L1 to L2",
      by: "source",
      sources: [h100, chipsAndCheese],
      gives: { "6.1": () => onChip / 5.5e12 },
    },
    {
      says: "a factor of 2,700",
      by: "arithmetic",
      gives: { "2,700": () => Math.round(onChip / eth100.bandwidth / 100) * 100 },
    },
    { says: "a fast drive reads 14 GB/s", by: "source", sources: [kioxia], gives: { "14": () => 14_000 / 1000 } },
    { says: "a network card 50", by: "simulator", gives: { "50": () => ndr400.bandwidth / 1e9 } },
    { says: "132 SMs × 128 B per cycle × 1.98 GHz", by: "source", sources: [h100, clock, sharedMemory] },
    {
      says: "8 channels of DDR5 per socket, 8 B wide; with two modules each they run at 4,400 MT/s",
      by: "source",
      sources: [dellMemory],
      gives: { "8 B": () => 64 / 8 },
    },
    { says: "drives on four lanes of PCIe 5 (Kioxia showed [14,000 MB/s]", by: "source", sources: [kioxia] },
    { says: "stand here for 1.98 GHz", by: "source", sources: [clock] },
  ],
};
