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

/** The suite's two bundles, the kernels, and an empty page, with the headers that shared memory needs. */
async function serve(): Promise<Server> {
  const { outputFiles } = await build({
    entryPoints: ["page", "rank", "stream", "comm"].map((name) => `test/browser/${name}.ts`),
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
  await page.waitForFunction("globalThis.conformance");
}, 120_000);

afterAll(async () => {
  await browser?.close();
  server?.close();
});

const places = [
  { transport: "shm", sizes: [1, 2, 3, 5, 8] },
  { transport: "local", sizes: [1, 2, 3, 5, 8] },
  // Over shared memory, with nested workers for the streams of each rank: three threads a rank.
  { transport: "threaded", sizes: [1, 2, 3] },
] as const;

describe.each(places)("in a headless browser, $transport", ({ transport, sizes }) => {
  it.each(sizes)("process groups agree with the plain reference on %i ranks", async (size) => {
    const call = `conformance.${transport}(${size}, 80, ${40 + size})`;
    const outcome = (await page.evaluate(call)) as Outcome;
    if ("error" in outcome) throw new Error(outcome.error);
    expect(outcome.checked).toHaveLength(size);
    for (const count of outcome.checked) expect(count).toBeGreaterThan(20);
  });
});
