/** A client that writes and reads the bytes of HTTP itself: for what no other client does. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** A connection. */
export class RawClient {
  readonly socket: Socket;
  #text = "";
  #closed = false;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (data) => {
      this.#text += data.toString("latin1");
    });
    socket.on("error", () => {}); // a reset is an end, too
    socket.on("close", () => {
      this.#closed = true;
    });
  }

  /** Connects. */
  static async open(url: string): Promise<RawClient> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname.replace(/^\[|\]$/g, ""));
    await once(socket, "connect");
    return new RawClient(socket);
  }

  /** Asks once, on a connection of its own. @returns status, headers as they are written, and the body. */
  static async ask(url: string, text: string) {
    const client = await RawClient.open(url);
    client.send(text);
    await client.has("\r\n\r\n");
    const [head, ...rest] = client.text.split("\r\n\r\n");
    const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
    while (rest.join("\r\n\r\n").length < length) {
      await once(client.socket, "data");
      rest.splice(0, rest.length, client.text.slice(head.length + 4));
    }
    client.leave();
    const body = rest.join("\r\n\r\n");
    return { status: Number(head.split(" ")[1]), head: head.toLowerCase(), body };
  }

  /** All that came. */
  get text(): string {
    return this.#text;
  }

  /** Whether the connection is closed. */
  get isClosed(): boolean {
    return this.#closed;
  }

  send(text: string): void {
    this.socket.write(text);
  }

  /** Waits until this has come, so many times. @throws Error when the connection is closed before. */
  async has(text: string, times = 1): Promise<void> {
    while (this.#text.split(text).length <= times) {
      if (this.#closed) throw new Error(`The connection was closed before ${JSON.stringify(text)}: ${this.#text}`);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  /** Goes away at once. */
  leave(): void {
    this.socket.destroy();
  }
}

/** A request as bytes. Its host and, for a body, its type and length are there unless they are given; "" leaves one out. */
export function written(path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}): string {
  const text = body === undefined ? "" : JSON.stringify(body);
  const all: Record<string, string> = { host: "127.0.0.1", ...headers };
  if (body !== undefined) {
    all["content-type"] ??= "application/json";
    all["content-length"] ??= String(Buffer.byteLength(text));
  }
  const lines = Object.entries(all).flatMap(([name, value]) => (value === "" ? [] : [`${name}: ${value}\r\n`]));
  return `${headers[":method"] ?? (body === undefined ? "GET" : "POST")} ${path} HTTP/1.1\r\n${lines.filter((line) => !line.startsWith(":")).join("")}\r\n${text}`;
}
