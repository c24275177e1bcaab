/**
 * This machine's cores, caches and NUMA nodes, as Linux tells in /sys/devices/system. Reading is
 * handed in, so that recorded machines can be read in tests.
 */

/** Reads a file, or lists a folder; undefined when it is not there. */
export interface HostFiles {
  read(path: string): string | undefined;
  list(path: string): readonly string[];
}

export interface HostCache {
  /** `L1d`, `L1i`, `L2`, `L3` */
  readonly level: string;
  readonly bytes: number;
  /** Logical processors that share it. */
  readonly cpus: readonly number[];
}

/** Packages, cores and memory of a machine, as its system describes them. */
export interface HostTopology {
  /** Logical processors of each physical core. */
  readonly cores: readonly (readonly number[])[];
  readonly caches: readonly HostCache[];
  /** Logical processors of each NUMA node. */
  readonly numa: readonly (readonly number[])[];
}

/** @returns undefined where the files are missing: on other systems, or in a sandbox. */
export function readHost(files: HostFiles, root = "/sys/devices/system"): HostTopology | undefined {
  const cpus = files
    .list(`${root}/cpu`)
    .flatMap((name) => (/^cpu\d+$/.test(name) ? [Number(name.slice(3))] : []))
    .sort((a, b) => a - b);
  if (cpus.length === 0) return undefined;
  const cores = new Map<string, number[]>();
  const caches = new Map<string, HostCache>();
  for (const cpu of cpus) {
    const own = `${root}/cpu/cpu${cpu}`;
    const siblings = parseCpus(files.read(`${own}/topology/thread_siblings_list`) ?? String(cpu));
    cores.set(siblings.join(), siblings);
    for (const index of files.list(`${own}/cache`).filter((name) => name.startsWith("index"))) {
      const read = (name: string): string => files.read(`${own}/cache/${index}/${name}`)?.trim() ?? "";
      const suffix = { Data: "d", Instruction: "i" }[read("type")] ?? "";
      const level = `L${read("level")}${suffix}`;
      const shared = parseCpus(read("shared_cpu_list") || String(cpu));
      const bytes = parseSize(read("size"));
      if (bytes > 0) caches.set(`${level} ${shared.join()}`, { level, bytes, cpus: shared });
    }
  }
  const numa = files
    .list(`${root}/node`)
    .filter((name) => /^node\d+$/.test(name))
    .map((name) => parseCpus(files.read(`${root}/node/${name}/cpulist`) ?? ""))
    .filter((members) => members.length > 0);
  return {
    cores: [...cores.values()],
    caches: [...caches.values()].sort((a, b) => a.level.localeCompare(b.level) || a.cpus[0] - b.cpus[0]),
    numa: numa.length > 0 ? numa : [cpus],
  };
}

/** `0-2,5` is 0, 1, 2, 5. */
export function parseCpus(text: string): number[] {
  return text
    .trim()
    .split(",")
    .filter(Boolean)
    .flatMap((part) => {
      const [from, to = from] = part.split("-").map(Number);
      return Array.from({ length: to - from + 1 }, (_, i) => from + i);
    });
}

/** `512K` is 524288. */
function parseSize(text: string): number {
  const match = /^(\d+)([KMG]?)$/.exec(text);
  if (!match) return 0;
  return Number(match[1]) * { "": 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 }[match[2] as "K"];
}
