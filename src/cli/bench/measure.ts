/** What all benches share: numbers, flags, running a program on ranks, comparing with peers. */
import { join } from "node:path";
import { compileProgram } from "../../job/node/compile.ts";
import { runJob } from "../../job/node/job.ts";
import type { StreamMode } from "../../script/define.ts";
import type { LinkSpeed } from "../../world/index.ts";
import { root } from "../scripts.ts";
import type { PeerName } from "./peers.ts";

/** One measured number; `ratio` is ours over theirs. */
export interface Measurement {
  readonly bench: string;
  readonly case: string;
  readonly metric: string;
  readonly unit: string;
  readonly value: number;
  readonly peer?: string;
  readonly peerValue?: number;
  readonly ratio?: number;
}

export interface Flags {
  readonly rounds: number;
  /** What the ranks talk over; tcp between processes of one host. */
  readonly transport: "shm" | "unix" | "tcp";
  readonly against: PeerName[];
  readonly json?: boolean;
}

export type Progress = (text: string) => void;

export const MIB = 2 ** 20;
/** Bytes of messages that processes send from a copy, as gloo and MPI do. */
const EAGER = 1024;

/** How a bench program is run; over shared memory, inline, if nothing is said. */
interface RowsOptions {
  readonly transport?: Flags["transport"];
  readonly link?: LinkSpeed;
  readonly streams?: StreamMode;
}

/** Runs a bench program on ranks. @returns the rows that rank 0 showed. */
export async function rows<T>(
  file: string,
  ranks: number,
  options: Record<string, unknown>,
  { transport = "shm", link, streams }: RowsOptions = {},
): Promise<T[]> {
  const found: T[] = [];
  const program = await compileProgram(join(root, "bench", file));
  const result = await runJob({
    program,
    ranks,
    options,
    transport: transport === "shm" ? "shm" : "tcp",
    eager: transport === "shm" ? 0 : EAGER,
    processes: { onlyTcp: transport === "tcp" },
    link: link && { within: link, between: link },
    streams,
    onShown: (_, shown) => void (shown.kind === "row" && found.push(shown.row as T)),
  });
  if (!result.ok) throw new Error(`The bench itself failed: ${result.failure?.message}`);
  return found;
}

/** Our number alone, or once for each peer. */
export function against(
  flags: Flags,
  own: Omit<Measurement, "peer" | "peerValue" | "ratio">,
  theirs: (peer: PeerName) => number,
): Measurement[] {
  if (flags.against.length === 0) return [own];
  return flags.against.map((peer) => ({ ...own, peer, peerValue: theirs(peer), ratio: own.value / theirs(peer) }));
}
