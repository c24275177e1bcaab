/**
 * Looks at answers with TypeScript, in a process of its own: it takes a while to start, and much memory.
 * It is told files, and answers with notices; where no TypeScript is installed, with none.
 */
import { existsSync } from "node:fs";
import { setPriority } from "node:os";
import { join } from "node:path";
import { packageRoot } from "../../../job/node/compile.ts";
import { type Notice, Noticer } from "./notices.ts";

/** Of a process: takes what others leave. */
const LOW = 5;

/** The library's types: its source in a checkout, its declarations in a package. */
const library = ["src/index.ts", "dist/types/index.d.ts"].map((file) => join(packageRoot, file)).find(existsSync);

async function open(): Promise<Noticer | undefined> {
  try {
    const { default: ts } = await import("typescript");
    return library === undefined ? undefined : new Noticer(ts, library);
  } catch {
    return undefined;
  }
}

setPriority(LOW); // whoever asks has more urgent things to do
const opening = open();

process.on("message", async ({ file, number }: { file: string; number: number }) => {
  let notices: Notice[] = [];
  try {
    notices = (await opening)?.noticesOf(file) ?? [];
  } catch {
    // what TypeScript stumbles over is no news of the answer
  }
  process.send?.({ number, notices });
});
process.on("disconnect", () => process.exit());
