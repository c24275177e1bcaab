/** A thread that is the communication stream of a rank: does the operations that its program calls. */
import { ownerOf } from "../../device/index.ts";
import { SharedMemory } from "../../platform/memory.ts";
import type { Port } from "../../platform/threads.ts";
import { Tracer } from "../../trace/trace.ts";
import { CommServer, type FromComm, noTraffic, type ToComm } from "../../world/index.ts";
import type { ThreadKit } from "../kit.ts";
import type { CommMessage, RankStart } from "../start.ts";
import { ranksOf } from "./ranks-of.ts";

export function playCommunication(start: RankStart, port: Port<ToComm, CommMessage>, kit: ThreadKit): void {
  const tracer = start.settings.traced ? new Tracer(kit.now) : undefined;
  const post = (message: FromComm): void => {
    if (message.type === "left" || message.type === "reported") {
      // What was recorded goes first, because at the end nobody listens afterwards.
      const traffic = message.type === "left" ? (rank.engine.journal.traffic() ?? noTraffic) : noTraffic;
      port.post({ type: "recorded", spans: tracer?.spans.splice(0) ?? [], traffic });
    }
    port.post(message);
    if (message.type === "left" && start.transport !== "tcp") port.close(); // wires stay open until all ranks are done
  };
  const server = new CommServer(new SharedMemory(start.memory, start.limit), post);
  const [rank] = ranksOf(kit, start, {
    tracer: () => tracer,
    onStored: (id, reply) => port.post({ type: "stored", id, reply }),
    caller: server,
    owner: ownerOf("communication", start.rank),
  });
  server.serve(rank.engine, rank.world);
  port.listen((message) => server.receive(message));
}
