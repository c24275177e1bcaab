/**
 * The I/O thread of a rank: runs in the main thread of its process, which never computes.
 * It joins the job, keeps the heartbeat, lets the other ranks call, opens wires for this
 * one, and passes on what the coordinator and the rank have to tell each other.
 */
import { randomUUID } from "node:crypto";
import type { Socket } from "node:net";
import { join } from "node:path";
import { call } from "../../../platform/node/handshake.ts";
import { Listener } from "../../../platform/node/listener.ts";
import { newRings, Relay } from "../../../platform/node/relay.ts";
import { detach, part } from "../../../platform/node/wire.ts";
import { cut } from "../../../trace/text.ts";
import type { Report } from "../../../world/core/report.ts";
import type { Seen } from "../../../world/health/waiting.ts";
import type { FromCoordinator, Member, Place, StoreCall, ToIoThread, TuningTable } from "../../../world/index.ts";
import { type Address, JoinError, Line, nameOf, open } from "./control-connection.ts";
import { rankSocket } from "./folder.ts";
import type { IoMessage, WireHandle } from "./io-messages.ts";

/** Most characters of what the coordinator is told of an end. */
const LONGEST_DETAIL = 1500;

export interface IoThreadOptions {
  readonly rank: number;
  readonly size: number;
  readonly generation: number;
  readonly secret: string;
  readonly coordinator: Address;
  /** Milliseconds of silence, and of waiting for the others. */
  readonly timeout: number;
  /** Names this machine and network: ranks of equal hosts use Unix sockets. */
  readonly host: string;
  /** A private folder for this rank's socket file; undefined where sockets have no paths. */
  readonly folder: string | undefined;
  /** Whether ranks of one host talk over TCP as well. */
  readonly onlyTcp?: boolean;
  /** Whether the rank's thread has no other way to a socket than by this one. */
  readonly relayed?: boolean;
  readonly table: TuningTable;
}

export interface Started {
  readonly members: readonly Member[];
  readonly table: TuningTable;
}

/** What an I/O thread needs of the host of its rank. */
export interface IoThreadHost {
  /** Mail for the rank's thread. */
  onMessage(mail: IoMessage): void;
  /** The job is over. */
  onOver(): void;
  /** Somebody wants to know what the rank does. */
  onAsk(): void;
  /** A number that differs whenever the rank has moved something. */
  moved(): number;
}

export class RankIoThread {
  #host: IoThreadHost = { onMessage() {}, onOver() {}, onAsk() {}, moved: () => 0 };
  readonly #options: IoThreadOptions;
  readonly #line: Line;
  readonly #listeners: Listener[] = [];
  readonly #sockets = new Map<number, Pick<Socket, "write"> | Relay>();
  /** What the coordinator must know, and hears again on a new connection. */
  readonly #lasting: Exclude<ToIoThread, { type: "connect" }>[] = [];
  readonly #unsettled = new Map<number, { oldest: number; call: StoreCall }>();
  #place: Place | undefined;
  #members: readonly Member[] = [];
  #started!: (started: Started) => void;
  #refused!: (error: Error) => void;
  #over = false;
  #judged = false;

  constructor(options: IoThreadOptions) {
    this.#options = options;
    const { coordinator: address, secret, generation, timeout, rank } = options;
    const session = randomUUID();
    this.#line = new Line({
      address,
      secret,
      generation,
      timeout,
      rank,
      purpose: "join",
      hello: async (socket) => {
        const { size, table } = options;
        return { type: "join", rank, size, session, pid: process.pid, place: await this.#listen(socket), table };
      },
      moved: () => this.#host.moved(),
      onMessage: (message) => this.#heard(message),
      onAgain: () => {
        for (const message of this.#lasting) this.#line.send(message);
        for (const [id, { oldest, call }] of this.#unsettled) this.#line.send({ type: "store", id, oldest, call });
      },
      onLost: (reason) => this.#verdict(reason),
    });
  }
  /** From now on, these hear what there is to hear. */
  listen(host: Partial<IoThreadHost>): void {
    this.#host = { ...this.#host, ...host };
  }

  /** Joins the job. Resolves when all ranks have. @throws JoinError when it cannot be joined. */
  async join(): Promise<Started> {
    const started = new Promise<Started>((resolve, reject) => {
      this.#started = resolve;
      this.#refused = reject;
    });
    started.catch(() => {});
    await this.#line.open();
    return started;
  }

  /** The rank says something. */
  told(message: ToIoThread): void {
    if (message.type === "connect") {
      void this.#connect(message.peer);
      return;
    }
    try {
      this.#line.send(message);
      if (message.type !== "status") this.#lasting.push(message);
    } catch (error) {
      this.gone(`could not report: ${(error as Error).message}`); // else nobody would ever know
    }
  }

  /** The rank wants the rest of a message written. */
  finish(id: number, wire: number, bytes: Uint8Array): void {
    const socket = this.#sockets.get(wire);
    const write = (from: number): void => {
      const piece = part(bytes, from);
      socket?.write(piece, (error) => {
        if (error) return;
        if (from + piece.length < bytes.length) write(from + piece.length);
        else this.#host.onMessage({ type: "finished", id });
      });
    };
    write(0);
  }

  /** The rank has moved something in the rings of a wire. */
  look(wire: number): void {
    const relay = this.#sockets.get(wire);
    if (relay instanceof Relay) relay.look();
  }

  store(id: number, oldest: number, call: StoreCall): void {
    try {
      this.#line.send({ type: "store", id, oldest, call });
      this.#unsettled.set(id, { oldest, call });
    } catch (error) {
      const message = `store.${call.method}: ${(error as Error).message} Send tensors through process groups.`;
      this.#host.onMessage({ type: "stored", id, reply: { error: "StoreLimitError", message } });
    }
  }

  /** Tells the coordinator what the rank does, or what is seen of it if its thread does not answer. */
  doing(report: Report | undefined, seen?: Seen): void {
    this.#line.send({ type: "doing", moved: this.#host.moved(), report, seen });
  }

  /** Tells the coordinator how this process ends, if the rank could not. */
  gone(detail: string): void {
    this.#line.send({ type: "gone", detail: cut(detail, LONGEST_DETAIL) });
  }

  close(): void {
    this.#over = true;
    this.#line.close();
    for (const listener of this.#listeners) listener.close();
  }

  /** Opens what others call. @returns where. */
  async #listen(socket: Socket): Promise<Place> {
    if (this.#place) return this.#place; // a reconnection
    const { folder, rank, generation, host, onlyTcp } = this.#options;
    const path = folder && join(folder, rankSocket(rank, generation));
    if (path) await this.#bind({ path });
    this.#place = { host, path };
    if (path && !socket.localAddress && !onlyTcp) return this.#place;
    // Other hosts reach this one by the address that reaches the coordinator, and by no other.
    const address = socket.localAddress ?? "127.0.0.1";
    const port = await this.#bind({ host: address, port: 0 });
    this.#place = { host, path, address, port };
    return this.#place;
  }

  /** @throws JoinError when nothing can listen there: waiting would not help. */
  async #bind(at: Address): Promise<number> {
    try {
      return await this.#listener().listen(at);
    } catch (error) {
      throw new JoinError(
        `rank ${this.#options.rank} could not listen at ${nameOf(at)} for the other ranks: ${(error as Error).message}.`,
      );
    }
  }

  #listener(): Listener {
    const { secret, generation, rank, size } = this.#options;
    const listener = new Listener({
      secret,
      generation,
      before: (socket, { purpose, from, to }) => {
        if (purpose !== "wire" || to !== rank || from >= size) throw new Error("called the wrong rank");
        this.#hand("out", from, socket);
      },
      onCall: () => {},
    });
    this.#listeners.push(listener);
    return listener;
  }

  /** Calls a rank that this one wants to receive from. */
  async #connect(peer: number): Promise<void> {
    const { secret, generation, rank, host, timeout, onlyTcp } = this.#options;
    const { place } = this.#members[peer];
    const near = place.host === host && !onlyTcp ? place.path : undefined;
    const address = near ? { path: near } : { host: place.address ?? "", port: place.port ?? 0 };
    try {
      const socket = await open(address, timeout);
      await call(socket, secret, { purpose: "wire", generation, from: rank, to: peer });
      this.#hand("in", peer, socket);
    } catch (error) {
      if (!this.#over) this.#line.send({ type: "unreachable", peer, detail: (error as Error).message });
    }
  }

  /** Gives a socket to the rank's thread. */
  #hand(role: "in" | "out", peer: number, socket: Socket): void {
    socket.on("error", () => {}); // the rank sees it, too
    const handle = this.#options.relayed ? this.#relay(socket) : { wire: detach(socket) };
    if (!handle.rings) this.#sockets.set(handle.wire, socket);
    this.#host.onMessage({ type: "wire", peer, role, handle });
  }

  /** Reads and writes a socket for the rank's thread. */
  #relay(socket: Socket): WireHandle {
    const wire = this.#sockets.size;
    const rings = newRings();
    const relay = new Relay(socket, rings, (ended) => this.#host.onMessage({ type: "relayed", wire, ended }));
    this.#sockets.set(wire, relay);
    return { wire, rings };
  }

  #heard(message: FromCoordinator): void {
    switch (message.type) {
      case "start":
        this.#members = message.members;
        this.#started(message);
        return;
      case "refused":
        this.#refused(new JoinError(`rank ${this.#options.rank} was turned away: ${message.reason}`));
        this.close();
        return;
      case "stored":
        this.#unsettled.delete(message.id);
        this.#host.onMessage(message);
        return;
      case "ask":
        this.#host.onAsk();
        return;
      case "account":
        this.#host.onMessage(message);
        return;
      case "verdict":
        this.#verdict(message.message);
        return;
      case "over":
        this.close();
        this.#host.onOver();
    }
  }

  /** The job has failed. Its store goes on until this process ends. */
  #verdict(message: string): void {
    if (this.#judged) return;
    this.#judged = true;
    this.#over = true;
    this.#refused(new JoinError(message));
    for (const listener of this.#listeners) listener.close();
    this.#host.onMessage({ type: "verdict", message });
  }
}
