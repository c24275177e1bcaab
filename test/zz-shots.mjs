// test/helpers/browser.ts
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { chromium as playwright } from "playwright-core";
var folder = resolve("node_modules/.cache/worldsize-browser");
function hasLibraries() {
  try {
    return /libnss3\.so/.test(execFileSync("/sbin/ldconfig", ["-p"], { encoding: "utf8" }));
  } catch {
    return false;
  }
}
async function unpacked(own) {
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
    if (before === void 0) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
  }
  return home;
}
async function launchBrowser() {
  const own = !hasLibraries();
  if (own) process.env.AWS_LAMBDA_JS_RUNTIME = "nodejs20.x";
  const home = await unpacked(own);
  const libraries = own ? { LD_LIBRARY_PATH: join(home, "al2023", "lib") } : {};
  const args = ["--no-sandbox", "--disable-background-networking"];
  const env = { ...process.env, ...libraries, TMPDIR: home };
  return playwright.launch({ executablePath: join(home, "chromium"), args, env });
}

// test/zz-shots.mts
import { readFileSync } from "node:fs";
var [dir, ...names] = process.argv.slice(2);
var b = await launchBrowser();
for (const n of names) for (const w of [1440, 390]) for (const scheme of ["light", "dark"]) {
  const p = await b.newPage({ viewport: { width: w, height: 800 }, colorScheme: scheme });
  const svg = readFileSync(`${dir}/${n}.svg`, "utf8");
  const inner = Math.min(w - 32, 980);
  await p.setContent(`<body style="margin:16px;background:${scheme === "dark" ? "#0d1117" : "#fff"}"><div style="width:${inner}px"><img style="max-width:100%" src="data:image/svg+xml;base64,${Buffer.from(svg).toString("base64")}"></div></body>`);
  await p.screenshot({ path: `/tmp/ch6-${n}-${w}-${scheme}.png`, fullPage: true });
  await p.close();
}
await b.close();
