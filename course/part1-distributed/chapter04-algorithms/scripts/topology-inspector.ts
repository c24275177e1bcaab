// How a machine is wired, and what that means for a collective: this machine, or a described one.
//
//   worldsize run topology-inspector                          this machine: cores, caches, NUMA, GPUs if any
//   worldsize run topology-inspector --machine dgx-h100       eight H100 on NVSwitch
//   worldsize run topology-inspector --machine dgx-h100 --nodes 4 --algorithm-shown hierarchical
//   worldsize run topology-inspector --machine file --file topo.txt     what `nvidia-smi topo -m` printed elsewhere
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { allReduceAlgorithms, boolean, type Context, choice, defineScript, number, string } from "worldsize";
import { busiestOf, machineText } from "worldsize/draw";
import {
  coresMachine,
  describedMachine,
  hopName,
  type LaidAlgorithm,
  laidAlgorithms,
  layOn,
  type Machine,
  machineNames,
  machineOfTopology,
  parseTopology,
  protocols,
  ranksOf,
  readHost,
} from "worldsize/sim";

type Show = Context["show"];
const layable = [...allReduceAlgorithms.filter((name) => name !== "shared"), "nvls"];

/** Our variables and flags, beside what they are called in NCCL. */
const variables = [
  ["NCCL_ALGO", "WORLDSIZE_ALGORITHM, --algorithm", "which algorithm carries out an allReduce"],
  ["NCCL_DEBUG=INFO", "--trace FILE, --timeline", "what the library does"],
  ["NCCL_P2P_LEVEL, NCCL_P2P_DISABLE", "WORLDSIZE_TRANSPORT, --transport", "whether peers' memory is read directly"],
  ["NCCL_SOCKET_IFNAME", "--rendezvous HOST:PORT", "the network that ranks meet on"],
  ["NCCL_IB_HCA, NCCL_CROSS_NIC", "none: we have no rails", "which network cards, and whether rails are crossed"],
  ["NCCL_NVLS_ENABLE", "nvls, on one described DGX H100", "reduction in the NVSwitch (SHARP)"],
  ["NCCL_PROTO", "--protocol, on described machines", "how messages are handed over: Simple, LL, LL128"],
  ["NCCL_TOPO_DUMP_FILE", "topology-inspector --json", "the topology as a file"],
  [
    "TORCH_FR_BUFFER_SIZE, TORCH_NCCL_TRACE_BUFFER_SIZE before",
    "always on: the last 1,000 operations",
    "the flight recorder",
  ],
  ["RANK, WORLD_SIZE, LOCAL_RANK, MASTER_ADDR, MASTER_PORT", "the same", "the launcher's, in torch and here"],
] as const;

export default defineScript({
  about: "How this machine, or a described one, is wired; a ring and trees laid on it, the bottleneck named.",
  ranks: 1,
  options: {
    machine: choice("this", ["this", "file", ...machineNames], "whose wiring to show"),
    file: string("", "with --machine file: the output of `nvidia-smi topo -m`"),
    nodes: number(1, "how many of the described machine", { min: 1, max: 64, integer: true }),
    bytes: number(256e6, "size of the allReduce that is laid on it", { min: 4 }),
    algorithmShown: choice("ring", layable, "whose bottleneck is marked in the drawing"),
    protocol: choice("auto", ["auto", ...protocols], "NCCL's protocol; auto: the fastest"),
    variables: boolean(false, "shows NCCL's environment variables beside ours, too"),
  },
  check: wrongOptions,
  async main({ world, options, show }) {
    if (world.rank > 0) return;
    const machine = options.machine === "this" ? thisMachine(show) : read(options.machine, options);
    if (!machine) return;
    const shown = layOn(machine, options.algorithmShown as LaidAlgorithm, options.bytes, options.protocol);
    const busiest = busiestOf(shown).map(({ hop }) => hopName(hop));
    for (const line of machineText(machine, busiest)) show.line(line);
    show.line("");
    if (ranksOf(machine).length < 2) return;
    show.table(
      laidAlgorithms(machine).map((algorithm) => {
        const { seconds, busbw, loads, protocol } = layOn(machine, algorithm, options.bytes, options.protocol);
        const { hop, bytes } = loads[0];
        const alike = busiestOf({ loads }).length;
        return {
          algorithm,
          protocol,
          ms: Number((seconds * 1e3).toPrecision(3)),
          "busbw (GB/s)": Number((busbw / 1e9).toPrecision(3)),
          "busiest link": hopName(hop).replaceAll("node ", "n"),
          "as busy": alike,
          "MB on each": Number((bytes / 1e6).toPrecision(3)),
        };
      }),
      `allReduce of ${Number((options.bytes / 1e6).toPrecision(3))} MB on ${ranksOf(machine).length} ranks, on virtual time`,
    );
    if (!options.variables) {
      show.line("NCCL's environment variables beside ours: --variables");
      return;
    }
    show.table(
      variables.map(([theirs, ours, what]) => ({ NCCL: theirs, here: ours, what })),
      "Environment variables",
    );
  },
});

interface Options {
  readonly machine: string;
  readonly file: string;
  readonly nodes: number;
  readonly algorithmShown: string;
}

/** What is wrong with the options together, and with the file. */
function wrongOptions({ machine, file, nodes, algorithmShown }: Options): string | undefined {
  if (algorithmShown === "nvls" && (machine !== "dgx-h100" || nodes !== 1))
    return "nvls is an NVSwitch that adds: give --machine dgx-h100, and one node.";
  if (machine !== "file" && file !== "") return `--file ${file} is read with --machine file only.`;
  if ((machine === "file" || machine === "this") && nodes !== 1) {
    return `--nodes is for described machines, such as --machine dgx-h100, but not for --machine ${machine}.`;
  }
  if (machine !== "file") return undefined;
  if (file === "") return "Say which file: --machine file --file topo.txt";
  try {
    machineOfTopology(parseTopology(readFileSync(file, "utf8")));
    return undefined;
  } catch (error) {
    return `--file ${file} cannot be used. ${(error as Error).message.replace(/\.$/, "")}.`;
  }
}

/** A described machine, or one read from a file. */
function read(
  name: Exclude<(typeof machineNames)[number] | "file", "this">,
  { file, nodes }: { file: string; nodes: number },
): Machine {
  if (name !== "file") return describedMachine(name, nodes);
  return machineOfTopology(parseTopology(readFileSync(file, "utf8")));
}

/** Shows cores, caches and NUMA nodes of this machine. @returns its GPUs as a machine, or its cores where there are none. */
function thisMachine(show: Show): Machine | undefined {
  const host = readHost({
    read(path) {
      try {
        return readFileSync(path, "utf8");
      } catch {
        return undefined;
      }
    },
    list(path) {
      try {
        return readdirSync(path);
      } catch {
        return [];
      }
    },
  });
  show.line(
    `${cpus()[0]?.model.trim() ?? "unknown processor"}, ${countOf(availableParallelism(), "logical processor")} for us`,
  );
  if (host) {
    show.line(
      `${countOf(host.cores.length, "core")} with ${countOf(host.cores[0].length, "thread")} each; ${countOf(host.numa.length, "NUMA node")}`,
    );
    const levels = new Map<string, { count: number; bytes: number; sharers: number }>();
    for (const { level, bytes, cpus: sharers } of host.caches) {
      levels.set(level, { count: (levels.get(level)?.count ?? 0) + 1, bytes, sharers: sharers.length });
    }
    for (const [level, { count, bytes, sharers }] of levels) {
      show.line(
        `  ${level.padEnd(4)} ${String(count).padStart(3)} × ${size(bytes)}, shared by ${countOf(sharers, "logical processor")}`,
      );
    }
  } else show.line("Caches and NUMA nodes are told by Linux only.");
  try {
    const text = execFileSync("nvidia-smi", ["topo", "-m"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    return machineOfTopology(parseTopology(text));
  } catch {
    show.line(
      "No GPU (no nvidia-smi): ranks here are cores that share memory. The numbers of the links are assumptions.",
    );
    return coresMachine(host?.cores.length ?? availableParallelism());
  }
}

/** `1 core`, `2 cores`. */
function countOf(many: number, one: string): string {
  return `${many} ${one}${many === 1 ? "" : "s"}`;
}

function size(bytes: number): string {
  return bytes >= 2 ** 20 ? `${bytes / 2 ** 20} MiB` : `${bytes / 2 ** 10} KiB`;
}
