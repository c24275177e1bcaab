/** One rank of a job that something else started, in this process; rank 0 also keeps the coordinator. */
import { SocketConnection } from "../../../platform/node/connection.ts";
import { hostName } from "../../../platform/node/hostname.ts";
import { Listener } from "../../../platform/node/listener.ts";
import { hasDescriptors } from "../../../platform/node/sockets.ts";
import { Coordinator, type TuningTable } from "../../../world/index.ts";
import { type OutputOptions, Receipts } from "../../output.ts";
import type { ProgramStart } from "../../start.ts";
import { handOn } from "../output.ts";
import { JoinError } from "./control-connection.ts";
import type { Started } from "./environment.ts";
import { type HostEnd, RankHost } from "./host.ts";
import { refusals } from "./leader.ts";

export interface JoinOptions extends OutputOptions {
  readonly started: Started;
  readonly secret: string;
  /** A private folder for this rank's socket file; undefined where sockets have no paths. */
  readonly folder: string | undefined;
  readonly timeout: number;
  readonly table: TuningTable;
  readonly memory?: number;
  readonly program: ProgramStart;
  readonly log?: (line: string) => void;
  /** At rank 0: milliseconds without any move after which `onSilence` says who waits for what; 0 for never. */
  readonly silence?: number;
  readonly onSilence?: (text: string) => void;
  readonly signal: AbortSignal;
}

/** Milliseconds in which the last messages to the other ranks leave. */
const FAREWELL = 200;

/** @throws JoinError when the job cannot be joined. */
export async function joinJob(options: JoinOptions): Promise<HostEnd> {
  const { started, secret, folder, timeout, table, memory, program, signal, log } = options;
  const { rank, size, host, port, localRank } = started;
  const close = rank === 0 ? await coordinate(options) : undefined;
  const io = {
    rank,
    size,
    generation: 0,
    secret,
    coordinator: { host, port },
    timeout,
    host: hostName(),
    folder,
    relayed: !hasDescriptors(),
    table,
  };
  const hosted = new RankHost({ io, program, localRank, restarts: 0, memory }, (output) => {
    handOn(output, options);
    receipts.handedOn(output.cost);
  });
  const receipts = new Receipts((bytes) => hosted.taken(bytes), options.taken);
  signal.addEventListener("abort", () => hosted.stop("was interrupted"));
  log?.(`rank ${rank} of ${size}, by ${started.by}; the coordinator is at ${host}:${port}`);
  try {
    return await hosted.run();
  } finally {
    if (close) {
      await new Promise((resolve) => setTimeout(resolve, FAREWELL));
      close();
    }
  }
}

/** Keeps the coordinator of the job. @returns how to end it. */
async function coordinate({ started, secret, timeout, log, silence, onSilence }: JoinOptions): Promise<() => void> {
  const { size, host, port } = started;
  const coordinator = new Coordinator({ size, timeout, log, now: () => performance.now(), silence, onSilence });
  const listener = new Listener({
    secret,
    generation: 0,
    onCall: (socket, { from, purpose }) => {
      const connection = new SocketConnection(socket, `rank ${from}`);
      if (purpose === "join") coordinator.attach(connection);
      else connection.close();
    },
    onRefused: refusals(log),
  });
  try {
    await listener.listen({ host, port });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === "EADDRINUSE" ? "another process listens there; set MASTER_PORT to another port" : message;
    throw new JoinError(`Rank 0 cannot keep the job's coordinator at ${host}:${port}: ${why}.`);
  }
  return () => {
    coordinator.stop();
    listener.close();
  };
}
