/** What is measured beside each other: our server with and without its prefix cache, or we and a peer. */
import { UsageError } from "../../scripts.ts";
import type { Progress } from "../measure.ts";
import { missingPeer } from "../peers.ts";
import { serveCommand, startServer } from "./child.ts";
import type { ServeFlags } from "./flags.ts";
import { type Load, type Measured, measureServer } from "./measure.ts";
import { benchModel } from "./model.ts";
import { Peer, SEQUENCES } from "./peer.ts";

/** A way to serve. */
export interface Side {
  readonly name: string;
  measure(progress: Progress): Promise<Measured>;
}

/** The sides that were asked for, in the order in which they are measured; and what must be removed in the end. */
export interface Sides {
  readonly sides: readonly Side[];
  remove(): void;
}

/** What the flags ask for. */
export async function sidesOf(flags: ServeFlags, progress: Progress, signal: AbortSignal): Promise<Sides> {
  const { url, radix, against, serverFlags } = flags;
  if (against) return withPeer(flags, progress, signal);
  const remove = (): void => {};
  if (url) {
    const measure: Side["measure"] = async (say) => (await measureServer(url, flags, say, signal)).measured;
    return { sides: [{ name: "this server", measure }], remove };
  }
  const started = (name: string, more: readonly string[]): Side => ({
    name,
    measure: async (say) => (await measureStarted([...serverFlags, ...more], flags, say, signal)).measured,
  });
  const off = started("radix off", ["--no-prefix-cache"]);
  const on = started("radix on", []);
  return { sides: { on: [on], off: [off], both: [off, on] }[radix], remove };
}

/** We are measured first in each round: the peer gets the very requests that we had. */
async function withPeer(flags: ServeFlags, progress: Progress, signal: AbortSignal): Promise<Sides> {
  progress("writing a model of 100 million parameters");
  const missing = missingPeer("node-llama-cpp");
  if (missing) throw new UsageError(`node-llama-cpp: ${missing}`);
  const model = await benchModel(signal, { gguf: true });
  const peer = new Peer(model, signal);
  const server = [model.folder, "--dtype", "int8", "--max-sequences", String(SEQUENCES), ...flags.serverFlags];
  let load: Load | undefined;
  const ours: Side = {
    name: "worldsize",
    async measure(say) {
      const found = await measureStarted(server, flags, say, signal);
      load = found.load;
      return found.measured;
    },
  };
  const theirs: Side = { name: "llama.cpp", measure: (say) => peer.measure(load as Load, flags, say) };
  return { sides: [ours, theirs], remove: model.remove };
}

/** Starts our server, measures it, and ends it. */
async function measureStarted(
  serverFlags: readonly string[],
  flags: ServeFlags,
  progress: Progress,
  signal: AbortSignal,
): Promise<{ measured: Measured; load: Load }> {
  progress("starting the server");
  const server = await startServer(serveCommand(serverFlags), signal);
  try {
    return await measureServer(server.url, flags, progress, signal);
  } finally {
    await server.stop();
  }
}
