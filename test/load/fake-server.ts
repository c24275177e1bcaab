/** A server that sends what a script says, over real HTTP, at times of a virtual clock: it moves on when the client has looked at the clock. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Clock } from "../../src/load/index.ts";

/** A clock that stands still until it is set. */
export class ScriptedClock implements Clock {
  #time = 0;
  #waiting: (() => void)[] = [];

  now(): number {
    for (const each of this.#waiting.splice(0)) each();
    return this.#time;
  }

  until(): Promise<void> {
    throw new Error("Nobody sleeps by this clock.");
  }

  set(time: number): void {
    this.#time = time;
  }

  /** Resolves when somebody has looked. */
  looked(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}

/** What is sent when: bytes, or the end of the answer, or the connection cut. */
export type Step = readonly [at: number, what: string | Uint8Array | "END" | "CUT"];

/** What a request is answered with. */
export interface Answer {
  readonly status?: number;
  readonly type?: string;
  /** Sent at once; with a clock, steps say more. */
  readonly body?: string;
  readonly steps?: readonly Step[];
  /** Milliseconds of real time before each step; 0 if not given. */
  readonly pause?: number;
}

/** A request that came. */
export interface Came {
  readonly method: string;
  readonly path: string;
  readonly body: Record<string, unknown> | undefined;
  readonly authorization: string | undefined;
}

/** Starts it. @param answer to a request. */
export async function fakeServer(clock: ScriptedClock, answer: (came: Came) => Answer) {
  const came: Came[] = [];
  const server = createServer((request, response) => {
    void bodyOf(request).then(async (text) => {
      const { method = "", url: path = "", headers } = request;
      const body = text === "" ? undefined : (JSON.parse(text) as Record<string, unknown>);
      const each = { method, path, body, authorization: headers.authorization };
      came.push(each);
      await play(clock, response, answer(each));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { url: `http://127.0.0.1:${port}`, came, close };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const piece of request) text += String(piece);
  return text;
}

async function play(clock: ScriptedClock, response: ServerResponse, answer: Answer): Promise<void> {
  const {
    status = 200,
    type = answer.steps ? "text/event-stream" : "application/json",
    body,
    steps = [],
    pause = 0,
  } = answer;
  response.writeHead(status, { "content-type": type });
  if (body !== undefined) response.end(body);
  else response.flushHeaders();
  for (const [at, what] of steps) {
    if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
    clock.set(at);
    if (what === "CUT") response.destroy();
    else if (what === "END") response.end();
    else {
      response.write(what);
      await clock.looked();
    }
  }
}

/** A frame's bytes. */
export function frame(content: object): string {
  return `data: ${JSON.stringify(content)}\n\n`;
}

/** A frame of /v1/completions. */
export function text(piece: string, more: object = {}, choice: object = {}): string {
  return frame({ choices: [{ index: 0, text: piece, finish_reason: null, ...choice }], ...more });
}

/** A frame of /v1/chat/completions. */
export function delta(content: object, more: object = {}, choice: object = {}): string {
  return frame({ choices: [{ index: 0, delta: content, finish_reason: null, ...choice }], ...more });
}
