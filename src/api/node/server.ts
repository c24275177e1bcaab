/** The endpoints over HTTP. Loopback, unless another address is named. */
import type { AddressInfo } from "node:net";
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { ApiError, apiErrorOf } from "../errors.ts";
import type { LiveView } from "../live/view.ts";
import type { Reply } from "../replies/reply.ts";
import type { OpenAiService } from "../service.ts";
import { Connections } from "./connections.ts";
import { writeEvents } from "./event-stream.ts";
import { Guard, type GuardOptions } from "./guard.ts";
import { LiveStream } from "./live-stream.ts";
import type { Metrics } from "./metrics.ts";
import { pageHeaders, readPage } from "./page-files.ts";
import { Requests } from "./requests.ts";

/** How a server is opened. */
export interface ServerOptions extends GuardOptions {
  readonly service: OpenAiService;
  readonly metrics: Metrics;
  /** What /live shows; nobody can watch if not given. */
  readonly live?: LiveView;
  /** Folder of the built page that stands at `/`; none if not given. */
  readonly page?: string;
  /** 127.0.0.1 if not given. */
  readonly host?: string;
  /** 0 takes one that is free. */
  readonly port: number;
  /** Most bytes of a body; 8 MiB if not given. */
  readonly bodyLimit?: number;
  /** Milliseconds after which a request is ended; 600,000 if not given. */
  readonly timeout?: number;
  /** Milliseconds that who does not read has once their request is ended; 5,000 if not given. */
  readonly grace?: number;
  /** Hears of each request when it is over. */
  readonly onRequest?: (line: RequestLine) => void;
  /** Hears of what went wrong inside. */
  readonly onError?: (error: unknown) => void;
}

/** A request that is over. */
export interface RequestLine {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  /** 499 where the client was gone before there was an answer. */
  readonly status: number;
  /** Whether the client was gone before it had all of the answer. */
  readonly left: boolean;
  readonly milliseconds: number;
}

/** A server that listens. */
export interface Server {
  readonly url: string;
  /** Takes no more connections and ends when those that it has are done, or aborts what they wait for; may be called again for that. */
  close(options?: { readonly abort?: boolean }): Promise<void>;
}

/** Milliseconds in which a client has to have sent a request. */
const RECEIVE = 60_000;
/** Milliseconds between two looks for connections that nobody needs, while the server is being closed. */
const SWEEP = 50;

/** Opens a server. @throws Error for an address that cannot be had, and where the page was not built. */
export async function startServer(options: ServerOptions): Promise<Server> {
  const { service, metrics, host = "127.0.0.1", port, bodyLimit = 8 * 2 ** 20 } = options;
  const { timeout = 600_000, grace = 5_000 } = options;
  const { onError = () => {}, onRequest = () => {} } = options;
  const guard = new Guard({ ...options, hosts: [...(options.hosts ?? []), host] });
  const app = fastify({
    bodyLimit,
    requestTimeout: RECEIVE,
    forceCloseConnections: "idle",
    return503OnClosing: false,
    routerOptions: { ignoreTrailingSlash: true },
    genReqId: () => crypto.randomUUID(),
    clientErrorHandler: (_, socket) => {
      if (!socket.writable) return;
      const body = JSON.stringify(new ApiError(400, "This is no request that HTTP has.", { code: "bad_request" }).body);
      socket.end(
        `HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
      );
    },
  });
  app.addHook("onRequest", async (request, reply) => {
    reply.header("x-request-id", request.id);
    const [{ method, id }, path, begun] = [request, request.url.split("?")[0], performance.now()];
    // Not fastify's onResponse, which hears of no request whose client went away.
    reply.raw.once("close", () => {
      const { statusCode, headersSent, writableFinished } = reply.raw;
      const milliseconds = performance.now() - begun;
      onRequest({ id, method, path, status: headersSent ? statusCode : 499, left: !writableFinished, milliseconds });
    });
    const { origin } = request.headers;
    if (origin !== undefined && guard.allows(origin)) {
      reply.header("access-control-allow-origin", origin).header("vary", "origin");
      reply.header("access-control-expose-headers", "x-request-id, retry-after");
      if (request.method === "OPTIONS") {
        reply.header("access-control-allow-methods", "GET, POST");
        reply.header("access-control-allow-headers", request.headers["access-control-request-headers"] ?? "*");
        return reply.code(204).send();
      }
    }
    guard.check(path, request.headers);
  });
  app.setErrorHandler((error: Error & { statusCode?: number; code?: string }, _, reply) => {
    const known = error instanceof ApiError ? error : fromFastify(error, bodyLimit);
    if (known.status >= 500 && known.code === "internal_error") onError(error);
    return sendError(reply, known);
  });
  app.setNotFoundHandler((request, reply) =>
    sendError(
      reply,
      new ApiError(404, `There is no ${request.method} ${request.url.split("?")[0]} here.`, { code: "not_found" }),
    ),
  );

  const requests = new Requests({ timeout, grace });
  const post = (path: string, answer: (body: unknown, signal: AbortSignal) => Promise<Reply>): void => {
    app.post(path, async (request, reply) => {
      const answered = await answer(request.body, requests.begin(reply.raw));
      if (answered.kind === "json") return reply.send(answered.body);
      reply.hijack();
      await writeEvents(reply.raw, answered, headersOf(reply), onError);
      return reply;
    });
  };
  const get = (path: string, answer: (request: FastifyRequest) => object): void => {
    app.get(path, async (request, reply) => reply.send(answer(request)));
  };
  // Clients may name the server with or without the version.
  for (const version of ["/v1", ""]) {
    post(`${version}/chat/completions`, (body, signal) => service.chat(body, signal));
    post(`${version}/completions`, (body, signal) => service.completion(body, signal));
    post(`${version}/responses`, (body, signal) => service.response(body, signal));
    post(`${version}/embeddings`, (body, signal) => service.embeddings(body, signal));
    post(`${version}/tokenize`, (body) => service.tokenize(body));
    post(`${version}/detokenize`, (body) => service.detokenize(body));
    get(`${version}/models`, () => service.models());
    get(`${version}/models/*`, ({ params }) => service.modelNamed((params as { "*": string })["*"]));
  }
  app.get("/health", (_, reply) => {
    const { failure } = service.model.loop;
    return reply.code(failure === undefined ? 200 : 503).send({ status: failure === undefined ? "ok" : "failed" });
  });
  app.get("/metrics", async (_, reply) => reply.type(metrics.contentType).send(await metrics.text()));
  const connections = new Connections(app.server);
  const watchers = options.live && new LiveStream(options.live);
  if (watchers) {
    app.get("/live", async (request, reply) => {
      guard.checkWatcher(request.headers, request.socket.remoteAddress);
      watchers.check();
      reply.hijack();
      watchers.add(reply.raw, headersOf(reply));
      return reply;
    });
  }
  for (const { path, type, body } of options.page ? await readPage(options.page) : [])
    app.get(path, (_, reply) => reply.headers(pageHeaders).type(type).send(body));
  await app.listen({ host, port });
  const close = async (): Promise<void> => {
    // A connection whose answer has just ended is kept for another one, which will not come.
    const sweep = setInterval(() => connections.closeIdle(), SWEEP);
    try {
      await app.close();
    } finally {
      clearInterval(sweep);
    }
  };
  let closing: Promise<void> | undefined;
  return {
    url: urlOf(app),
    close({ abort = false } = {}) {
      watchers?.close();
      if (abort) requests.abort();
      closing ??= close();
      return closing;
    },
  };
}

/** What fastify refuses by itself. */
function fromFastify(error: Error & { statusCode?: number; code?: string }, bodyLimit: number): ApiError {
  const { statusCode = 500, message } = error;
  if (statusCode === 413)
    return new ApiError(413, `The body is larger than ${bodyLimit} bytes.`, { code: "body_too_large" });
  if (statusCode === 415)
    return new ApiError(415, "Bodies are JSON: content-type: application/json.", { code: "unsupported_media_type" });
  if (statusCode < 500) return new ApiError(statusCode, message.replace(/[^.]$/, "$&."), { code: "invalid_body" });
  return apiErrorOf(error, "");
}

function sendError(reply: FastifyReply, error: ApiError): FastifyReply {
  if (error.retry) reply.header("retry-after", "1");
  if (error.status === 401) reply.header("www-authenticate", "Bearer"); // RFC 9110, 11.6.1
  return reply.code(error.status).header("x-should-retry", String(error.retry)).send(error.body);
}

function headersOf(reply: FastifyReply): Record<string, string | string[] | number> {
  return Object.fromEntries(
    Object.entries(reply.getHeaders()).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

function urlOf(app: FastifyInstance): string {
  const { address, family, port } = app.server.address() as AddressInfo;
  return `http://${family === "IPv6" ? `[${address}]` : address}:${port}`;
}
