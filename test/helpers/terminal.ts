/** A command in a terminal of its own, which `script` gives it: keys go in, and what the screen shows is waited for. */
import { spawn } from "node:child_process";
import { resolve } from "node:path";

/** Milliseconds between two looks at the screen, and looks before it is given up: notices take what others leave. */
const LOOK = 50;
const LOOKS = 2400;

export class Terminal {
  #seen = "";
  readonly #child;

  /** Starts `worldsize` with these arguments in a folder. */
  constructor(cwd: string, ...args: string[]) {
    const line = [process.execPath, resolve("bin/worldsize.mjs"), ...args].join(" ");
    const env = { ...process.env, NO_COLOR: "1", TERM: "xterm" };
    this.#child = spawn("script", ["-qec", line, "/dev/null"], { cwd, env });
    this.#child.stdout.on("data", (data) => (this.#seen += data));
  }

  /** What was shown before is forgotten. */
  press(keys: string): void {
    this.forget();
    this.#child.stdin.write(keys);
  }

  forget(): void {
    this.#seen = "";
  }

  /** Resolves when the terminal has shown a text since it last forgot. */
  async sees(text: string | RegExp): Promise<void> {
    for (let i = 0; i < LOOKS; i++) {
      if (typeof text === "string" ? this.#seen.includes(text) : text.test(this.#seen)) return;
      await new Promise((go) => setTimeout(go, LOOK));
    }
    throw new Error(`the terminal does not show ${text}, but:\n${this.#seen.slice(-3000)}`);
  }

  /** Resolves with the exit code. */
  ended(): Promise<number | null> {
    return new Promise((done) => this.#child.on("exit", done));
  }
}
