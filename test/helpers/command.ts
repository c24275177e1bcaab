/** The command as somebody types it in a folder: what it prints, and its exit code. */
import { spawn } from "node:child_process";
import { resolve } from "node:path";

export interface Printed {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

/** `worldsize` in a folder, without colours, and without the transport and the streams that a run of the suite asks for. */
export function commandIn(cwd: string): (...args: string[]) => Promise<Printed> {
  const env = { ...process.env, NO_COLOR: "1", WORLDSIZE_TRANSPORT: undefined, WORLDSIZE_STREAMS: undefined };
  return (...args) => {
    const child = spawn(process.execPath, [resolve("bin/worldsize.mjs"), ...args], { cwd, env });
    let [out, err] = ["", ""];
    child.stdout.on("data", (data) => void (out += data));
    child.stderr.on("data", (data) => void (err += data));
    return new Promise((done) => child.on("close", (status) => done({ status, out, err })));
  };
}
