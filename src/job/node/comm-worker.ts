/** A worker that is the communication stream of a rank: does the operations that its program calls. */
import { parentPort, workerData } from "node:worker_threads";
import { SharedMemory } from "../../platform/memory.ts";
import { Tracer } from "../../trace/trace.ts";
import { CommServer, type FromComm, noTraffic, type ToComm } from "../../world/index.ts";
import type { CommMessage, WorkerStart } from "./protocol.ts";
import { ranksOf } from "./ranks-of.ts";

/** Owner of this thread's memory in the pool, above those of ranks. */
const COMM_OWNER = 62_000;

const start = workerData as WorkerStart;
const port = parentPort as NonNullable<typeof parentPort>;
const { timeOrigin } = performance;
const now = (): number => timeOrigin + performance.now();
const tracer = start.traced ? new Tracer(now) : undefined;

function post(message: FromComm): void {
  if (message.type === "left" || message.type === "reported") {
    // What was recorded goes first, because at the end nobody listens afterwards.
    const traffic = message.type === "left" ? (rank.engine.journal.traffic() ?? noTraffic) : noTraffic;
    port.postMessage({ type: "recorded", spans: tracer?.spans.splice(0) ?? [], traffic } satisfies CommMessage);
  }
  port.postMessage(message);
  if (message.type === "left" && start.transport !== "tcp") port.close(); // wires stay open until all ranks are done
}

const server = new CommServer(new SharedMemory(start.memory, start.limit), post);
const [rank] = ranksOf(start, {
  now,
  tracer: () => tracer,
  onStored: (id, reply) => port.postMessage({ type: "stored", id, reply } satisfies CommMessage),
  caller: server,
  owner: COMM_OWNER + start.rank,
});
server.serve(rank.engine, rank.world);
port.on("message", (message: ToComm) => server.receive(message));
