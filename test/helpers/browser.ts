/** A real headless browser, from a package: nothing has to be installed on the machine. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Browser, chromium as playwright } from "playwright-core";

/** Where browsers are unpacked, once. */
const folder = resolve("node_modules/.cache/worldsize-browser");

/** Whether the system has the libraries that Chromium links to and a bare Debian lacks. */
function hasLibraries(): boolean {
  try {
    return /libnss3\.so/.test(execFileSync("/sbin/ldconfig", ["-p"], { encoding: "utf8" }));
  } catch {
    return false;
  }
}

/**
 * The folder with the unpacked browser. Two suites may unpack it at once: each does so in a folder of its
 * own, and the first to have it whole gives it its name.
 */
async function unpacked(own: boolean): Promise<string> {
  const home = join(folder, own ? "with-libraries" : "bare");
  if (existsSync(home)) return home;
  mkdirSync(folder, { recursive: true });
  const before = process.env.TMPDIR;
  const mine = mkdtempSync(join(folder, "unpacking-"));
  process.env.TMPDIR = mine;
  try {
    await (await import("@sparticuz/chromium")).default.executablePath();
    renameSync(mine, home);
  } catch (error) {
    rmSync(mine, { recursive: true, force: true });
    if (!existsSync(home)) throw error;
  } finally {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
  }
  return home;
}

export async function launchBrowser(): Promise<Browser> {
  const own = !hasLibraries();
  // The package unpacks the libraries it brings where it believes to run on Amazon's Linux.
  if (own) process.env.AWS_LAMBDA_JS_RUNTIME = "nodejs20.x";
  const home = await unpacked(own);
  const libraries = own ? { LD_LIBRARY_PATH: join(home, "al2023", "lib") } : {};
  // Not the package's own flags: they switch off the isolation that shared memory needs.
  const args = ["--no-sandbox", "--disable-background-networking"];
  const env = { ...process.env, ...libraries, TMPDIR: home } as Record<string, string>;
  return playwright.launch({ executablePath: join(home, "chromium"), args, env });
}
