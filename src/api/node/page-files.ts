/** The page at `/`: a few files, read once, with headers that let it load nothing else and talk to nobody else. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** A file of the page. */
export interface PageFile {
  readonly path: string;
  readonly type: string;
  readonly body: Buffer;
}

const files = [
  { path: "/", name: "index.html", type: "text/html; charset=utf-8" },
  { path: "/page.css", name: "page.css", type: "text/css; charset=utf-8" },
  { path: "/page.js", name: "page.js", type: "text/javascript; charset=utf-8" },
] as const;

/** Where the page's files are asked for. None of them has a secret in it. */
export const pagePaths: readonly string[] = files.map(({ path }) => path);

/** Of all of them. */
export const pageHeaders: Readonly<Record<string, string>> = {
  "content-security-policy": [
    "default-src 'none'",
    ...["script", "style", "connect"].map((kind) => `${kind}-src 'self'`),
    "img-src data:",
    ...["base-uri", "form-action", "frame-ancestors"].map((kind) => `${kind} 'none'`),
    "require-trusted-types-for 'script'",
  ].join("; "),
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cache-control": "no-cache",
};

/** Reads the page as `tools/build.mjs` has built it. @throws Error of the file system where it has not. */
export function readPage(folder: string): Promise<PageFile[]> {
  return Promise.all(
    files.map(async ({ path, name, type }) => ({ path, type, body: await readFile(join(folder, name)) })),
  );
}
