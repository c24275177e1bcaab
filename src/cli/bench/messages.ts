/** Benches of messages: all-reduce and point-to-point, over threads, Unix sockets and TCP. */
import { formatBytes } from "../../device/index.ts";
import { against, type Flags, type Measurement, MIB, type Progress, rows } from "./measure.ts";
import { type Case, type MessageBench, type PeerTime, runPeer } from "./peers.ts";

/** Best seconds by size, of ours and of each peer, in interleaved rounds. */
async function race(what: MessageBench, ranks: number, cases: readonly Case[], flags: Flags, progress: Progress) {
  const best = new Map<string, number>();
  const note = (who: string, times: readonly PeerTime[]): void => {
    for (const { bytes, seconds } of times)
      best.set(`${who} ${bytes}`, Math.min(seconds, best.get(`${who} ${bytes}`) ?? Infinity));
  };
  for (let round = 1; round <= flags.rounds; round++) {
    progress(`${what}, ${ranks} ranks, round ${round} of ${flags.rounds}: ours`);
    note(
      "ours",
      await rows<PeerTime>(
        `${what}.ts`,
        ranks,
        { cases: cases.map((pair) => pair.join("x")).join(",") },
        { transport: flags.transport },
      ),
    );
    for (const peer of flags.against as ("openmpi" | "gloo")[]) {
      progress(`${what}, ${ranks} ranks, round ${round} of ${flags.rounds}: ${peer}`);
      // Slow peers get fewer iterations; a round of theirs still takes longer than one of ours.
      const fewer = cases.map(
        ([bytes, count]): Case => [bytes, peer === "gloo" ? Math.max(2, Math.ceil(count / 20)) : count],
      );
      try {
        note(peer, runPeer(peer, what, ranks, fewer, flags.transport === "tcp"));
      } catch (error) {
        process.stderr.write(
          `${peer} failed in round ${round}: ${(error as Error).message.trim().split("\n").at(-1)}\n`,
        );
      }
    }
  }
  return (who: string, bytes: number): number => best.get(`${who} ${bytes}`) ?? Number.NaN;
}

/** Sizes and iterations, by number of ranks; separate processes get fewer iterations. */
function allReducePlans(transport: Flags["transport"]): [number, Case[]][] {
  if (transport !== "shm") {
    const cases = (small: number): Case[] => [
      [1024, small],
      [65_536, small / 4],
      [MIB, 40],
      [64 * MIB, 5],
    ];
    return [
      [2, cases(2000)],
      [4, cases(400)],
    ];
  }
  return [
    [
      2,
      [
        [1024, 100_000],
        [65_536, 10_000],
        [MIB, 2000],
        [64 * MIB, 5],
      ],
    ],
    [
      4,
      [
        [1024, 10_000],
        [65_536, 2000],
        [MIB, 200],
        [64 * MIB, 5],
      ],
    ],
  ];
}

export async function benchAllReduce(flags: Flags, progress: Progress): Promise<Measurement[]> {
  const measurements: Measurement[] = [];
  for (const [ranks, cases] of allReducePlans(flags.transport)) {
    const seconds = await race("all-reduce", ranks, cases, flags, progress);
    for (const [bytes] of cases) {
      // Bus bandwidth as nccl-tests defines it: what each link carries, 2(n - 1)/n of the buffer.
      const bandwidth = (who: string): number => ((bytes / seconds(who, bytes)) * 2 * (ranks - 1)) / ranks / 1e9;
      const own = {
        bench: "all-reduce",
        case: `${formatBytes(bytes)}, ${ranks} ranks, ${flags.transport}`,
        metric: "bus bandwidth",
        unit: "GB/s",
        value: bandwidth("ours"),
      };
      measurements.push(...against(flags, own, bandwidth));
    }
  }
  return measurements;
}

export async function benchPieces(flags: Flags, progress: Progress): Promise<Measurement[]> {
  const cases: Case[] = [
    [65_536, 5000],
    [MIB, 1000],
    [64 * MIB, 5],
  ];
  const measurements: Measurement[] = [];
  for (const what of ["all-gather", "reduce-scatter"] as const) {
    for (const ranks of [2, 4]) {
      const seconds = await race(what, ranks, cases, flags, progress);
      for (const [bytes] of cases) {
        // Bus bandwidth as nccl-tests defines it: each link carries (n - 1)/n of the whole buffer.
        const bandwidth = (who: string): number => ((bytes / seconds(who, bytes)) * (ranks - 1)) / ranks / 1e9;
        const own = {
          bench: what,
          case: `${formatBytes(bytes)}, ${ranks} ranks, ${flags.transport}`,
          metric: "bus bandwidth",
          unit: "GB/s",
          value: bandwidth("ours"),
        };
        measurements.push(...against(flags, own, bandwidth));
      }
    }
  }
  return measurements;
}

export async function benchPointToPoint(flags: Flags, progress: Progress): Promise<Measurement[]> {
  const cases: Case[] = [
    [64, 5000],
    [65_536, 1000],
    [16 * MIB, 10],
  ];
  const seconds = await race("p2p", 2, cases, flags, progress);
  return cases.flatMap(([bytes]) => {
    const small = bytes < 4096;
    const value = (who: string): number =>
      small ? (seconds(who, bytes) / 2) * 1e6 : (2 * bytes) / seconds(who, bytes) / 1e9;
    const own = {
      bench: "p2p",
      case: `${formatBytes(bytes)}, ${flags.transport}`,
      metric: small ? "half round trip" : "bandwidth",
      unit: small ? "µs" : "GB/s",
      value: value("ours"),
    };
    return against(flags, own, value);
  });
}
