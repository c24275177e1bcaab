/** Asks a process of its own what TypeScript sees in answers; it stays, and its second look is quick. */
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { workerFile } from "../../../job/node/worker-file.ts";
import { afterPatience } from "../../../platform/patience.ts";
import type { Notice } from "./notices.ts";

/** Milliseconds that a verdict waits for notices. */
const PATIENCE = 5000;

export class TypeCheck {
  readonly #child: ChildProcess | undefined;
  readonly #asked = new Map<number, (notices: readonly Notice[]) => void>();
  #number = 0;

  /** @param wanted whether to look at all; WORLDSIZE_TYPES=off does without. */
  constructor(wanted = process.env.WORLDSIZE_TYPES !== "off") {
    if (!wanted) return;
    this.#child = fork(fileURLToPath(workerFile("type-check")), { stdio: ["ignore", "ignore", "ignore", "ipc"] });
    this.#child.on("message", ({ number, notices }: { number: number; notices: Notice[] }) =>
      this.#answer(number, notices),
    );
    this.#child.on("error", () => this.#giveUp());
    this.#child.on("exit", () => this.#giveUp());
    this.#idle();
  }

  /** Looks at a file as it is now. @returns nothing of note where the process is gone. */
  async noticesOf(file: string): Promise<readonly Notice[]> {
    const child = this.#child;
    if (!child?.connected) return [];
    const number = this.#number++;
    return new Promise((resolve) => {
      this.#asked.set(number, resolve);
      child.ref();
      child.channel?.ref();
      child.send({ file, number }, (error) => error && this.#answer(number, []));
    });
  }

  /** Notices that were asked for, if they come while it is worth waiting. */
  async soon(noticed: Promise<readonly Notice[]>, patience = PATIENCE): Promise<readonly Notice[]> {
    let callOff: () => void = () => {};
    const late = new Promise<readonly Notice[]>((resolve) => {
      callOff = afterPatience(patience, () => resolve([]));
    });
    return Promise.race([noticed, late]).finally(callOff);
  }

  close(): void {
    this.#child?.kill("SIGKILL");
    this.#giveUp();
  }

  #answer(number: number, notices: readonly Notice[]): void {
    const resolve = this.#asked.get(number);
    this.#asked.delete(number);
    this.#idle();
    resolve?.(notices);
  }

  #giveUp(): void {
    for (const number of [...this.#asked.keys()]) this.#answer(number, []);
  }

  /** Keeps nobody from ending while nothing is asked. */
  #idle(): void {
    if (this.#asked.size > 0) return;
    this.#child?.unref();
    this.#child?.channel?.unref();
  }
}
