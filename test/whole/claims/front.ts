/** What course/README.md states, and what it rests on. */
import { readPage } from "../../helpers/pages.ts";
import type { Register } from "./claim.ts";
import { parts } from "./runs.ts";
import { clock, h100, nvme, sharedMemory } from "./sources.ts";

/** Bandwidths of the figure's levels: on chip, HBM3, NVLink, PCIe, InfiniBand, NVMe, Ethernet. */
const { nvlink4, pcie5, ndr400, eth100 } = parts;
const ladder = [
  132 * 128 * 1.98e9,
  3.35e12,
  nvlink4.bandwidth,
  pcie5.bandwidth,
  ndr400.bandwidth,
  14e9,
  eth100.bandwidth,
];

const chaptersOfTheMap = (readPage("course/README.md").match(/^\| \d+ \|/gm) ?? []).length;
/** A fast reader of English reads 400 to 500 words a minute. */
const wordsOfHowTo = readPage("course/how-to-use.md").split(/\s+/).length;

export const front: Register = {
  page: "course/README.md",
  claims: [
    { says: "Fourteen chapters", by: "run", gives: { Fourteen: () => chaptersOfTheMap } },
    { says: "(two minutes)", by: "run", gives: { two: () => wordsOfHowTo / 450 } },
    {
      says: "nine patterns",
      by: "command",
      run: "worldsize run collective-cheatsheet",
      prints: ["broadcast", "all_to_all", "barrier"],
    },
    { says: "Seven levels on a logarithmic ladder", by: "example", why: "rungs of the figure" },
    { says: "33 TB a second on chip", by: "arithmetic", gives: { "33": () => (132 * 128 * 1.98e9) / 1e12 } },
    { says: "12.5 GB a second over Ethernet", by: "simulator", gives: { "12.5": () => parts.eth100.bandwidth / 1e9 } },
    {
      says: "by up to ten times",
      by: "arithmetic",
      gives: { ten: () => Math.max(...ladder.slice(1).map((below, i) => ladder[i] / below)) },
    },
    { says: "a fast drive gives 14 GB/s", by: "source", sources: [nvme] },
    { says: "a network card 50", by: "simulator", gives: { "50": () => parts.ndr400.bandwidth / 1e9 } },
    { says: "132 SMs × 128 B a cycle × 1.98 GHz", by: "source", sources: [h100, clock, sharedMemory] },
    { says: "NVMe, 14 GB/s, the data sheet class", by: "source", sources: [nvme] },
  ],
};
