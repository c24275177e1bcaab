/** Steps of a scripted engine by permission: what happens between two of them is seen exactly, whatever the time. */
import type { ScriptedServer } from "./scripted.ts";

/** Lets steps through. None runs before it is allowed. */
export class Steps {
  #allowed = 0;
  #waiting = 0;
  #passed = 0;
  #wake = (): void => {};

  constructor(server: Pick<ScriptedServer, "hold">) {
    server.hold(async () => {
      this.#waiting++;
      while (this.#allowed === 0) await new Promise<void>((resolve) => (this.#wake = resolve));
      this.#waiting--;
      this.#allowed--;
      this.#passed++;
    });
  }

  /** Whether a step has been planned and waits. */
  get isHeld(): boolean {
    return this.#waiting > 0;
  }

  /** One after the other, until something is so while the next one is held. */
  async go(isSo: () => boolean): Promise<void> {
    for (await until(() => this.isHeld); !isSo(); await until(() => this.isHeld)) {
      const before = this.#passed;
      this.allow(1);
      await until(() => this.#passed > before);
    }
  }

  /** So many more may run. */
  allow(count = Number.POSITIVE_INFINITY): void {
    this.#allowed += count;
    this.#wake();
  }
}

/** Looks again and again until something is so. What never is, the test's own limit ends. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 1));
}

/** @throws where something runs or waits, a page is held, or the books are wrong. */
export function checkIdle({ engine, loop, pool }: ScriptedServer): void {
  engine.checkBooks();
  const { free, idle } = pool.counts();
  const left = { open: loop.open.size, running: engine.running.length, waiting: engine.waiting.length };
  if (left.open + left.running + left.waiting > 0 || free + idle !== pool.pages)
    throw new Error(`Something is left: ${JSON.stringify({ ...left, free, idle, of: pool.pages })}`);
}
