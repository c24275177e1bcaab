/** The page of a server, in a real browser: a conversation, and what happens inside the server beside it. */
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { openScripted, type ScriptedOptions, type ScriptedServer } from "../api/scripted.ts";
import { launchBrowser } from "../helpers/browser.ts";

const folder = new URL("../../dist/page", import.meta.url).pathname;
const markup = "<img src=x onerror=alert(1)>";
let browser: Browser;
let server: ScriptedServer;
let page: Page;
let complaints: string[];

beforeAll(async () => {
  browser = await launchBrowser();
}, 120_000);
afterAll(() => browser?.close());
afterEach(async () => {
  await page.close();
  await server.close();
});

async function open(options: ScriptedOptions = {}, width = 1440): Promise<void> {
  server = await openScripted({ pieces: ["word ", markup], pages: 128, page: folder, ...options });
  server.say("word ", markup, "word ");
  page = await browser.newPage({ viewport: { width, height: 800 } });
  complaints = [];
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", ({ message }) => complaints.push(message));
  page.on("dialog", (dialog) => {
    complaints.push("a dialog");
    void dialog.dismiss();
  });
  await page.goto(server.url);
}

async function send(text: string, button = "#send"): Promise<void> {
  await page.fill("#message", text);
  await page.click(button);
}
const settled = (): Promise<void> => page.locator("#stop:disabled").waitFor();
const text = (selector: string): Promise<string> => page.locator(selector).innerText();

it("shows an answer as text, whatever is in it, and goes on from it", { timeout: 60_000 }, async () => {
  await open();
  await send(`Say ${markup}.`);
  await settled();
  expect(await page.locator("#log .text").allInnerTexts()).toEqual([`Say ${markup}.`, `word ${markup}word `]);
  expect(await text("#log > .soft")).toMatch(
    /^prompt: \d+ tokens, 0 from the cache · first token after \d+ ms · 4 tokens/,
  );
  await send("Once more.");
  await settled();
  expect(await page.locator("#log .text").count()).toBe(4);
  // The second prompt begins with the first and its answer, so that most of it was there.
  expect(await page.locator("#log > .soft").last().innerText()).toMatch(/tokens, [1-9]\d* from the cache/);
  await page.locator("#tree li").filter({ hasText: "<|user|>Say" }).first().waitFor();
  await page.click("#clear");
  expect(await page.locator("#log").innerHTML()).toBe("");
  expect(await page.locator("img").count()).toBe(0);
  expect(complaints).toEqual([]);
});

it("shows eight answers at once, and whose pages are whose; Stop ends them all", { timeout: 60_000 }, async () => {
  await open();
  server.sayForever("word ");
  // Not so fast that it is over before anybody has looked.
  server.hold(() => new Promise((resolve) => setTimeout(resolve, 20)));
  await send("Say it.", "#many");
  await page.locator("#running li").nth(7).waitFor();
  expect(await page.locator("#running b").allInnerTexts()).toEqual(["A1", "A2", "A3", "A4", "A5", "A6", "A7", "A8"]);
  expect(await page.locator("#batch span").count()).toBe(8);
  expect(await text("#rates")).toMatch(/^\d+ tokens per second/);
  expect(await text("#counts")).toMatch(/^In colour: \d+ that sequences hold/);
  expect(await page.locator("#steps rect").count()).toBeGreaterThan(3);
  expect(await page.locator("#send").isDisabled()).toBe(true);
  await page.click("#stop");
  await settled();
  expect(await text("#log > .soft")).toBe("stopped");
  await page.locator("#running", { hasText: "Nothing runs" }).waitFor();
  expect(server.engine.running).toHaveLength(0);
  expect(complaints).toEqual([]);
});

it("says that it wants a key, and takes it", { timeout: 60_000 }, async () => {
  await open({ apiKey: "open sesame" });
  await page.locator("#connection", { hasText: "wants a key" }).waitFor();
  await send("Say it.");
  await settled();
  expect(await text("#log > .soft")).toContain("This server wants a key");
  await page.click("summary");
  await page.fill("#key", "open sesame");
  await page.locator("#model", { hasText: "script" }).waitFor();
  await send("Say it.");
  await settled();
  expect(await page.locator("#log .text").last().innerText()).toContain("word");
});

it("says what is wrong with a request, and when the server has gone", { timeout: 60_000 }, async () => {
  await open({ positions: 64 });
  await page.locator("#model", { hasText: "script" }).waitFor();
  await send("x".repeat(200));
  await settled();
  expect(await text("#log > .bad")).toMatch(/messages has at least \d+ tokens, and the model 64 positions/);
  await server.close();
  await page.locator("#connection", { hasText: "trying again" }).waitFor();
});

it("fits a phone: nothing is wider than the page", { timeout: 60_000 }, async () => {
  await open({}, 390);
  await send("Say it.", "#many");
  await settled();
  await page.locator("#tree li", { hasText: "page" }).first().waitFor();
  const wide = await page
    .locator("body *")
    .evaluateAll((all) =>
      all
        .filter((each) => each.getBoundingClientRect().right > innerWidth + 1)
        .map((each) => each.outerHTML.slice(0, 80)),
    );
  expect(wide).toEqual([]);
});
