import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { build } from "esbuild";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launchBrowser } from "../helpers/browser.ts";
import type { Outcome } from "./page.ts";

let server: Server;
let browser: Browser;
let page: Page;

/** The page, its threads and its programs, the kernels, with the headers that shared memory needs. */
async function serve(): Promise<Server> {
  const { outputFiles } = await build({
    entryPoints: {
      page: "test/browser/page.ts",
      program: "test/browser/program.ts",
      failing: "test/browser/failing.ts",
      thread: "src/job/browser/thread.ts",
    },
    bundle: true,
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

beforeAll(async () => {
  server = await serve();
  browser = await launchBrowser();
  page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  await page.waitForFunction("globalThis.run");
}, 120_000);

afterAll(async () => {
  await browser?.close();
  server?.close();
});

async function run(program: string, job: object): Promise<Outcome> {
  return (await page.evaluate(`run(${JSON.stringify(program)}, ${JSON.stringify(job)})`)) as Outcome;
}

const places = [
  { name: "shm", sizes: [1, 2, 3, 5, 8], transport: "shm" },
  { name: "local", sizes: [1, 2, 3, 5, 8], transport: "local" },
  // Over shared memory, with nested workers for the streams of each rank: three threads a rank.
  { name: "threaded", sizes: [1, 2, 3], transport: "shm", streams: "threaded" },
] as const;

describe.each(places)("in a headless browser, $name", ({ sizes, ...place }) => {
  it.each(sizes)("process groups agree with the plain reference on %i ranks", async (ranks) => {
    const { failure, output } = await run("program.js", { ranks, ...place });
    expect(failure).toBeUndefined();
    const rows = output.flatMap((what) => (what.type === "shown" && what.shown.kind === "row" ? [what.shown.row] : []));
    expect(rows).toHaveLength(ranks);
    for (const { checked } of rows) expect(checked).toBeGreaterThan(20);
    const printed = output.flatMap((what) => (what.type === "printed" ? [what.text] : []));
    expect([...printed].sort()).toEqual(Array.from({ length: ranks }, (_, rank) => `rank ${rank} printed\n`));
  });

  it("a rank that throws ends the job, with what it threw", async () => {
    const { ok, failure } = await run("failing.js", { ranks: 2, ...place });
    expect({ ok, failure }).toEqual({ ok: false, failure: "no such shard" });
  });
});
