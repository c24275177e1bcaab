/** A real headless browser, from a package: nothing has to be installed on the machine. */
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Browser, chromium as playwright } from "playwright-core";

/** Where the browser is unpacked, once. */
const folder = resolve("node_modules/.cache/worldsize-browser");

/** Whether the system has the libraries that Chromium links to and a bare Debian lacks. */
function hasLibraries(): boolean {
  try {
    return /libnss3\.so/.test(execFileSync("/sbin/ldconfig", ["-p"], { encoding: "utf8" }));
  } catch {
    return false;
  }
}

export async function launchBrowser(): Promise<Browser> {
  const own = !hasLibraries();
  const before = process.env.TMPDIR;
  process.env.TMPDIR = join(folder, own ? "with-libraries" : "bare");
  mkdirSync(process.env.TMPDIR, { recursive: true });
  // The package unpacks the libraries it brings where it believes to run on Amazon's Linux.
  if (own) process.env.AWS_LAMBDA_JS_RUNTIME = "nodejs20.x";
  try {
    const { default: chromium } = await import("@sparticuz/chromium");
    const executablePath = await chromium.executablePath();
    const libraries = own ? { LD_LIBRARY_PATH: join(process.env.TMPDIR, "al2023", "lib") } : {};
    // Not the package's own flags: they switch off the isolation that shared memory needs.
    const args = ["--no-sandbox", "--disable-background-networking"];
    return await playwright.launch({
      executablePath,
      args,
      env: { ...process.env, ...libraries } as Record<string, string>,
    });
  } finally {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
  }
}
