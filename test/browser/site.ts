/** Serves a page that runs jobs, its threads, its programs and the kernels to a headless browser. */
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { launchBrowser } from "../helpers/browser.ts";
import type { Asked, Outcome } from "./page.ts";

/** A page that is open in a browser. */
export interface Site {
  /** Runs a program by its name. */
  run(program: string, job: Asked): Promise<Outcome>;
  /** Which build of the kernels the page takes. */
  build(): Promise<string>;
  close(): Promise<void>;
}

/** What a program imports, from its source. */
const library = Object.fromEntries(
  ["", "/sim", "/draw", "/models", "/serve", "/parallel", "/data"].map((part) => [
    `worldsize${part}`,
    fileURLToPath(new URL(`../../src${part}/index.ts`, import.meta.url)),
  ]),
);

/** With the headers that shared memory needs. @param programs paths of sources, by their names. */
async function serve(programs: Readonly<Record<string, string>>): Promise<Server> {
  const { outputFiles } = await build({
    entryPoints: {
      page: "test/browser/page.ts",
      thread: "src/job/browser/thread.ts",
      ...programs,
    },
    alias: library,
    bundle: true,
    // Threads and programs share one library: a device of one is of the classes of the other.
    splitting: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    outdir: "/",
    write: false,
  });
  const files = new Map<string, [type: string, body: string | Uint8Array]>([
    ["/", ["text/html", '<!doctype html><script type="module" src="page.js"></script>']],
  ]);
  for (const { path, text } of outputFiles) files.set(path, ["text/javascript", text]);
  for (const name of ["relaxed", "base"])
    files.set(`/${name}.wasm`, ["application/wasm", await readFile(`kernels/${name}.wasm`)]);
  const server = createServer((request, response) => {
    const found = files.get(new URL(request.url ?? "/", "http://localhost").pathname);
    response.writeHead(found ? 200 : 404, {
      "content-type": found?.[0] ?? "text/plain",
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-embedder-policy": "require-corp",
    });
    response.end(found?.[1]);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

/** Opens the page, which can run these programs. */
export async function openSite(programs: Readonly<Record<string, string>>): Promise<Site> {
  const server = await serve(programs);
  const browser = await launchBrowser();
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  await page.waitForFunction("globalThis.run");
  return {
    async run(program, job) {
      return (await page.evaluate(`run(${JSON.stringify(`${program}.js`)}, ${JSON.stringify(job)})`)) as Outcome;
    },
    async build() {
      return (await page.evaluate("build()")) as string;
    },
    async close() {
      await browser.close();
      server.close();
    },
  };
}
