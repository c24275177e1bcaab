/**
 * Threads that are used again: for a suite that starts thousands, since to start one costs far more
 * than most tests do. A thread plays its next role only if nothing can be found in it of the last one
 * (`leftovers.ts`); else it ends, and so does a thread that did not end in good order.
 */
import { parentPort, type Transferable, type Worker } from "node:worker_threads";
import type { Port, Spawn, ThreadEnd } from "../threads.ts";
import { Leftovers } from "./leftovers.ts";
import { openWorker } from "./threads.ts";

/** Roles that a thread plays at most: modules of programs stay in it. */
const MOST = 200;

/** Resources that keep a thread only until what is on its way has come. */
const passing: ReadonlySet<string> = new Set(["MessagePort", "Immediate"]);

/** What a thread is told. */
type Told =
  | { readonly type: "play"; readonly turn: number; readonly role: string; readonly start: unknown }
  | { readonly type: "message"; readonly turn: number; readonly message: unknown };

/** What it says. */
type Said =
  | { readonly type: "message"; readonly turn: number; readonly message: unknown }
  | { readonly type: "free"; readonly turn: number };

/** A worker that nobody uses, and how often it was used. */
interface Free {
  readonly worker: Worker;
  readonly turn: number;
}

export interface ReusedThreads {
  readonly spawn: Spawn;
  /** Threads that have not ended. */
  busy(): number;
  /** Starts threads ahead, until so many wait for this role. */
  ready(role: string, count: number): void;
}

/** @param file what every thread runs: it calls `playRoles`. */
export function reusedThreads(file: URL): ReusedThreads {
  const waiting = new WaitingThreads();
  let busy = 0;
  const spawn: Spawn = (role, start, { name, onMessage, transfer = [], background }) => {
    const { worker, turn } = waiting.take(role) ?? { worker: openWorker(file, undefined, { name }), turn: 0 };
    let over = false;
    let killed = false;
    busy++;
    const ended = new Promise<ThreadEnd>((resolve) => {
      let error: unknown;
      const heard = (said: Said): void => {
        if (said.turn !== turn) return; // of an earlier role, which had something left to say
        if (said.type === "message") {
          onMessage?.(said.message as never);
          return;
        }
        // What was said before the end comes before it: one that is being ended is free for nothing.
        if (killed) return;
        worker.off("message", heard).off("error", failed).off("exit", gone);
        waiting.add(role, { worker, turn: turn + 1 });
        end(0);
      };
      const failed = (thrown: unknown): void => {
        error = thrown ?? null; // undefined would be no error
      };
      const gone = (exitCode: number): void => end(exitCode);
      const end = (exitCode: number): void => {
        over = true;
        busy--;
        resolve({ error, exitCode });
      };
      worker.on("message", heard).on("error", failed).on("exit", gone);
    });
    const tell = (told: Told, moved: readonly object[] = []): void => {
      if (!over) worker.postMessage(told, moved as Transferable[]);
    };
    if (background) worker.unref();
    else worker.ref();
    tell({ type: "play", turn, role, start }, transfer);
    return {
      post: (message) => tell({ type: "message", turn, message }),
      ended,
      async kill() {
        killed = true;
        if (!over) await worker.terminate();
        await ended;
      },
    };
  };
  const ready = (role: string, count: number): void => {
    for (let made = waiting.count(role); made < count; made++) {
      // Those that know their role already are taken first.
      waiting.add(role, { worker: openWorker(file, undefined, { name: role }), turn: 0 }, true);
    }
  };
  return { spawn, busy: () => busy, ready };
}

/** Threads that wait for their next role. One that ends meanwhile, or cannot even start, waits no more. */
class WaitingThreads {
  readonly #byRole = new Map<string, (Free & { readonly leave: () => void })[]>();

  count(role: string): number {
    return this.#byRole.get(role)?.length ?? 0;
  }

  /** @param last whether the others are taken before it. */
  add(role: string, { worker, turn }: Free, last = false): void {
    const list = this.#byRole.get(role) ?? [];
    this.#byRole.set(role, list);
    const failed = (): void => {}; // whoever starts the next one hears why
    const gone = (): void => void list.splice(list.indexOf(one), 1);
    const leave = (): void => void worker.off("error", failed).off("exit", gone);
    const one = { worker, turn, leave };
    worker.on("error", failed).on("exit", gone).unref();
    if (last) list.unshift(one);
    else list.push(one);
  }

  take(role: string): Free | undefined {
    const one = this.#byRole.get(role)?.pop();
    one?.leave();
    return one;
  }
}

/** What a thread that is used again offers to what it plays. */
export interface Turn {
  /** Of this thread, counted from 0. */
  readonly number: number;
  readonly port: Port;
  /** Ends the thread, or frees it for its next role. */
  exit(): void;
}

/**
 * Plays role after role: the same one, since whoever starts threads keeps them apart by their roles.
 * @param busy threads started by this one that have not ended. @param prepare makes of a new thread what it stays.
 */
export function playRoles(
  play: (role: string, start: unknown, turn: Turn) => void,
  busy: () => number,
  prepare: (role: string) => void,
): void {
  const port = parentPort as NonNullable<typeof parentPort>;
  const leftovers = new Leftovers();
  let turn = -1;
  let closed = false;
  /** Whether the role would let the thread end now. */
  let left = false;
  let listener: ((message: unknown) => void) | undefined;
  let early: unknown[] = [];
  const say = (said: Said): void => port.postMessage(said);
  const leave = (): void => {
    left = true;
    port.unref();
  };
  const close = (): void => {
    closed = true;
    leave();
  };
  port.on("message", (told: Told) => {
    if (told.type === "message") {
      if (told.turn !== turn || closed) return;
      if (listener) listener(told.message);
      else early.push(told.message);
      return;
    }
    if (turn < 0) {
      prepare(told.role);
      leftovers.remember();
    }
    turn = told.turn;
    const mine = turn;
    closed = false;
    left = false;
    listener = undefined;
    early = [];
    port.unref(); // until somebody listens, as the port of a thread that is used once
    play(told.role, told.start, {
      number: turn,
      port: {
        post: (message) => say({ type: "message", turn: mine, message }),
        listen(onMessage) {
          listener = onMessage as (message: unknown) => void;
          port.ref();
          for (const message of early.splice(0)) listener(message);
        },
        leave,
        close,
      },
      exit() {
        if (process.getActiveResourcesInfo().every((resource) => passing.has(resource))) close();
        else process.exit();
      },
    });
  });
  // Nothing can happen in this thread any more: without a listener it would end now.
  process.on("beforeExit", () => {
    if (!left || busy() > 0 || turn + 1 >= MOST || !leftovers.clear()) return;
    closed = true;
    port.ref();
    say({ type: "free", turn });
  });
}
