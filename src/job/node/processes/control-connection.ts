/**
 * A rank's line to the coordinator: connects, joins, keeps the heartbeat, and connects
 * again when the network drops it. What was being asked of the store is asked again.
 */
import { connect, type Socket } from "node:net";
import type { Connection } from "../../../platform/connection.ts";
import { SocketConnection } from "../../../platform/node/connection.ts";
import { call, HandshakeError } from "../../../platform/node/handshake.ts";
import { afterPatience, PatientClock } from "../../../platform/patience.ts";
import type { FromCoordinator, ToCoordinator } from "../../../world/index.ts";

/** Where a coordinator listens. */
export type Address = { readonly path: string } | { readonly host: string; readonly port: number };

/** Milliseconds between two attempts to connect. */
const PAUSE = 50;
/** Milliseconds that a line that broke may take to come back. */
const PATIENCE = 1300;
/** A line that breaks this often in a row, each time within this many milliseconds, is not broken: it is refused. */
const REFUSALS = 20;
const BRIEF = 1000;

export interface LineOptions {
  readonly address: Address;
  readonly secret: string;
  readonly generation: number;
  /** Milliseconds: for the first connection, and for silence afterwards. */
  readonly timeout: number;
  readonly rank: number;
  readonly purpose: "join" | "node";
  /** A number that differs whenever something has moved here; told with each beat. */
  moved?(): number;
  /** What to say first, on every connection. */
  hello(socket: Socket): ToCoordinator | Promise<ToCoordinator>;
  onMessage(message: FromCoordinator): void;
  /** The connection is a new one. */
  onAgain?(): void;
  /** The coordinator is out of reach for good. */
  onLost(reason: string): void;
}

/** The coordinator cannot be reached, or does not want this rank. */
export class JoinError extends Error {
  override readonly name = "JoinError";
}

export class Line {
  readonly #options: LineOptions;
  #connection: Connection | undefined;
  #beats: NodeJS.Timeout | undefined;
  /** Runs by the beats, so that a machine's sleep is not taken for silence. */
  readonly #clock: PatientClock;
  #lastHeard = 0;
  #opened = 0;
  /** Connections in a row that lasted only briefly. */
  #brief = 0;
  #closed = false;
  #ready = false;

  constructor(options: LineOptions) {
    this.#options = options;
    this.#clock = new PatientClock(() => performance.now(), this.#interval);
  }

  /** Milliseconds between two beats. */
  get #interval(): number {
    return Math.min(1000, this.#options.timeout / 4);
  }

  /** @throws JoinError when nobody answers in time, or the handshake fails. */
  async open(): Promise<void> {
    await this.#connect(this.#options.timeout);
    this.#beats = setInterval(() => this.#beat(), this.#interval);
  }

  send(message: ToCoordinator): void {
    this.#connection?.send(message); // what is lost with a connection is said again, or no longer matters
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#beats);
    this.#connection?.close();
  }

  async #connect(limit: number): Promise<void> {
    const { address, secret, generation, rank, purpose } = this.#options;
    const name = nameOf(address);
    const clock = new PatientClock(() => performance.now(), this.#interval);
    const left = (): number => limit - clock.now();
    for (;;) {
      try {
        const socket = await open(address, Math.max(1, left()));
        await call(socket, secret, { purpose, generation, from: rank, to: 0 });
        await this.#introduce(socket, name);
        return;
      } catch (error) {
        if (error instanceof JoinError) throw error; // this side's own failure, which no other attempt fixes
        const final = error instanceof HandshakeError && error.kind !== "closed" && error.kind !== "slow";
        if (this.#closed) return;
        if (final || left() < PAUSE) {
          const waited = final ? "" : ` within ${limit / 1e3} s`;
          throw new JoinError(`rank ${rank} could not join the job at ${name}${waited}: ${explain(error as Error)}.`);
        }
        await new Promise((resolve) => setTimeout(resolve, PAUSE));
      }
    }
  }

  /** The other side is the coordinator: says who this is. @throws JoinError when this side cannot say so. */
  async #introduce(socket: Socket, name: string): Promise<void> {
    const connection = new SocketConnection(socket, name);
    let lost: string | undefined;
    const onClose = (reason: string): void => {
      lost = reason;
      void this.#dropped(connection, reason);
    };
    connection.listen((message) => this.#heard(message as FromCoordinator), onClose);
    try {
      connection.send(await this.#options.hello(socket));
    } catch (error) {
      connection.close();
      throw error instanceof JoinError ? error : new JoinError((error as Error).message);
    }
    if (lost !== undefined) throw new Error(lost);
    this.#connection = connection;
    this.#lastHeard = this.#clock.now();
    this.#opened = performance.now();
    if (this.#ready) this.#options.onAgain?.();
    this.#ready = true;
  }

  #heard(message: FromCoordinator): void {
    this.#lastHeard = this.#clock.now();
    if (message.type !== "beat") this.#options.onMessage(message);
  }

  #beat(): void {
    this.send({ type: "beat", moved: this.#options.moved?.() });
    const silent = this.#clock.now() - this.#lastHeard;
    if (this.#connection && silent > this.#options.timeout) {
      const seconds = this.#options.timeout / 1e3;
      this.#lose(`has been silent for ${seconds} s: it is stopped, or its network is cut`);
    }
  }

  async #dropped(connection: Connection, reason: string): Promise<void> {
    if (this.#closed || this.#connection !== connection) return;
    this.#connection = undefined;
    this.#brief = performance.now() - this.#opened < BRIEF ? this.#brief + 1 : 0;
    if (this.#brief > REFUSALS) {
      this.#lose(
        `does not accept what rank ${this.#options.rank} sends it: it closed ${REFUSALS} connections in a row`,
      );
      return;
    }
    try {
      await this.#connect(PATIENCE);
    } catch (error) {
      this.#lose(`is gone (${reason}; ${(error as Error).message.replace(/^.*: /, "").replace(/\.$/, "")})`);
    }
  }

  #lose(reason: string): void {
    if (this.#closed) return;
    this.close();
    this.#options.onLost(`The coordinator of the job at ${nameOf(this.#options.address)} ${reason}.`);
  }
}

/** Opens a socket. @throws Error with the system's reason. */
export function open(address: Address, timeout: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ ...address, noDelay: true } as never);
    const callOff = afterPatience(timeout, () => socket.destroy(new Error("no answer")));
    socket.once("connect", () => {
      callOff();
      socket.off("error", reject);
      resolve(socket);
    });
    socket.once("error", (error) => {
      callOff();
      reject(error);
    });
  });
}

export function nameOf(address: Address): string {
  return "path" in address ? address.path : `${address.host}:${address.port}`;
}

function explain(error: Error & { code?: string }): string {
  if (error.code === "ECONNREFUSED" || error.code === "ENOENT") return "nothing listens there";
  if (error.code === "ENOTFOUND") return "the name is not known";
  return error.message;
}
