/** Frames as server-sent events on a connection, at the pace at which the client reads them. */
import type { ServerResponse } from "node:http";
import { ApiError, apiErrorOf } from "../errors.ts";
import type { Reply } from "../replies/reply.ts";

/** Milliseconds without a frame after which a comment says that the connection lives. */
const PING = 15_000;

/** Writes all frames; an error becomes the last one. @param onError hears of it. */
export async function writeEvents(
  response: ServerResponse,
  { frames, done }: Extract<Reply, { kind: "stream" }>,
  headers: Readonly<Record<string, string | string[] | number>>,
  onError: (error: unknown) => void,
): Promise<void> {
  response.writeHead(200, {
    ...headers,
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache",
    "x-accel-buffering": "no",
  });
  response.flushHeaders();
  const write = async (text: string): Promise<void> => {
    if (response.destroyed || response.write(text)) return;
    await roomIn(response);
  };
  const ping = setInterval(() => void write(": ping\n\n"), PING);
  try {
    for await (const { event, data } of frames) {
      if (response.destroyed) break;
      ping.refresh();
      await write(`${event === undefined ? "" : `event: ${event}\n`}data: ${JSON.stringify(data)}\n\n`);
    }
  } catch (error) {
    if (!(error instanceof ApiError)) onError(error);
    const { body } = apiErrorOf(error, "");
    await write(`${done ? "" : "event: error\n"}data: ${JSON.stringify(body)}\n\n`);
  } finally {
    clearInterval(ping);
  }
  if (done) await write("data: [DONE]\n\n");
  response.end();
}

/** When the client has read on, or has gone. Leaves no listener behind, however often it is waited for. */
function roomIn(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off("drain", done).off("close", done);
      resolve();
    };
    response.on("drain", done).on("close", done);
  });
}
