/** Leaves something behind in its thread, and shows what it found there. */
import { threadId } from "node:worker_threads";
import { defineScript, string } from "worldsize";

/** Grows when a thread does not import this program anew. */
let runs = 0;

const ways: Readonly<Record<string, () => void>> = {
  nothing() {},
  global: () => Object.assign(globalThis, { left: true }),
  builtin() {
    Math.max = Math.min;
  },
  prototype() {
    Object.defineProperty(Array.prototype, "left", { value: true, configurable: true });
  },
  method() {
    const { push } = Array.prototype;
    Array.prototype.push = function (...items) {
      return push.apply(this, items);
    };
  },
  env() {
    process.env.LEFT = "1";
  },
  exitCode() {
    process.exitCode = 3;
  },
  listener: () => void process.on("warning", function left() {}),
  timer: () => void setInterval(() => {}, 1000),
  loaded: () => void new TextEncoder(), // Node loads it now, which changes globalThis, and leaves nothing behind
  replaced() {
    globalThis.TextEncoder = class TextEncoder {} as unknown as typeof globalThis.TextEncoder;
  },
  failure() {
    throw new Error("on purpose");
  },
};

function found(): string[] {
  const [global, proto] = [globalThis, Array.prototype] as unknown as { left?: true }[];
  return [
    global.left && "global",
    Math.max(1, 2) !== 2 && "builtin",
    proto.left && "prototype",
    !String(Array.prototype.push).includes("native") && "method",
    !("encode" in TextEncoder.prototype) && "replaced",
    process.env.LEFT && "env",
    process.exitCode !== undefined && "exitCode",
    process.listeners("warning").some(({ name }) => name === "left") && "listener",
    runs > 1 && "module",
  ].filter((each) => typeof each === "string");
}

export default defineScript({
  about: "What a program leaves behind in its thread.",
  ranks: 2,
  options: { leave: string("nothing", "what to leave behind") },
  async main({ world, options, show }) {
    runs++;
    show.line(JSON.stringify({ thread: threadId, found: found() }));
    await world.barrier();
    ways[options.leave]();
  },
});
