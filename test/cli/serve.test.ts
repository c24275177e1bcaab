/** `worldsize serve` as a command: it says where it listens, answers, finishes what runs when it is stopped, and is gone. */
import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";
import { afterEach, expect, it } from "vitest";

const command = "bin/worldsize.mjs";
const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
});

interface Running {
  readonly child: ChildProcess;
  readonly url: Promise<string>;
  /** Exit code, and all that was printed. */
  readonly ended: Promise<{ code: number | null; text: string }>;
}

function serve(...flags: string[]): Running {
  const child = spawn(process.execPath, [command, "serve", ...flags], { env: { ...process.env, NO_COLOR: "1" } });
  started.push(child);
  let text = "";
  const url = new Promise<string>((resolve) => {
    for (const stream of [child.stdout, child.stderr])
      stream?.on("data", (data) => {
        text += data;
        const found = /listening on (http:\S+)/.exec(text) ?? /"url":"(http:[^"]+)"/.exec(text);
        if (found) resolve(found[1]);
      });
  });
  const ended = new Promise<{ code: number | null; text: string }>((resolve) => {
    child.on("close", (code) => resolve({ code, text }));
  });
  return { child, url, ended };
}

const ask = (url: string, body: object): Promise<Response> =>
  fetch(`${url}/v1/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: "Bearer secret" },
    body: JSON.stringify({ prompt: "Once there was", temperature: 0, ...body }),
  });

it("answers, and when it is stopped finishes what it has begun", async () => {
  const { child, url, ended } = serve("--port", "0", "--kv-tokens", "2048", "--api-key", "secret", "--dtype", "int8");
  const at = await url;
  expect((await fetch(`${at}/v1/models`)).status).toBe(401);
  const streaming = await ask(at, { max_tokens: 200, stream: true, ignore_eos: true });
  child.kill("SIGINT");
  const text = await streaming.text();
  expect(text.match(/"text":"/g)?.length).toBeGreaterThan(150);
  expect(text.trimEnd().endsWith("data: [DONE]")).toBe(true);
  const { code, text: said } = await ended;
  expect(code).toBe(130);
  expect(said).toMatch(
    /^storyteller: weights .* in int8, keys and values .*\n.*\nlistening on http:\/\/127\.0\.0\.1:\d+\n/,
  );
  expect(said).toContain("finishing what runs (1 in flight); Ctrl-C again aborts it");
  expect(said).not.toContain("secret");
  for (const line of said.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
});

it("a second Ctrl-C ends what runs, and --json prints one object per line", async () => {
  const { child, url, ended } = serve("--port", "0", "--kv-tokens", "2048", "--json");
  const streaming = await ask(await url, { max_tokens: 1000, stream: true, ignore_eos: true });
  child.kill("SIGINT");
  await new Promise((resolve) => setTimeout(resolve, 100));
  child.kill("SIGINT");
  await streaming.text();
  const { code, text } = await ended;
  expect(code).toBe(130);
  const kinds = text
    .trim()
    .split("\n")
    .map((line) => (JSON.parse(line) as { kind: string }).kind);
  expect(kinds.slice(0, 3)).toEqual(["model", "listening", "closing"]);
});

it.each([
  [["/nowhere"], "/nowhere is no folder. Name one with config.json"],
  [["test"], "There is no test/config.json, and without it"],
  [["--port", "70000"], '"70000" is no port: they are 0 to 65535.'],
  [["--page-size", "0"], '"0" is not a whole number from 1.'],
  [["--dtype", "int2"], "Allowed choices are f32, bf16, int8, int4."],
  [["--no-prefix-cache", "--host-cache", "64"], "--host-cache and --disk-cache keep prefixes, and --no-prefix-cache"],
  [["--disk-cache-size", "64"], "--disk-cache-size is for --disk-cache <folder>."],
  [["--host", "203.0.113.7", "--port", "0"], "This machine has no address 203.0.113.7."],
])("%j is refused in a sentence", async (flags, sentence) => {
  const { code, text } = await serve(...flags).ended;
  expect(text).toContain(sentence);
  expect(text).not.toMatch(/\n\s+at /);
  expect(code).toBe(2);
});

it("says which models fit, and what would hold those that do not", async () => {
  const { code, text } = await serve("--sizes", "--kv-dtype", "int8").ended;
  expect(code).toBe(0);
  for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
  expect(text).toContain("8192 tokens of keys and values in int8");
  // By hand: 1.24e9 parameters of 4 bytes are 4.6 GiB, more than a process has; of one byte and an eighth, 1.3 GiB and the embedding.
  expect(text).toMatch(/Llama 3\.2 1B *│ 5\.\d GiB \(2\) *│ [34]\.\d GiB[^│]*│ [23]\.\d GiB +│/);
  const rows = (await serve("--sizes", "--json").ended).text.trim().split("\n");
  expect(JSON.parse(rows[0])).toMatchObject({
    kind: "size",
    kvTokens: 8192,
    model: "SmolLM2 135M",
    f32: { fits: true },
  });
});

it("a port that is taken is said to be", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => other.once("listening", resolve));
  const { port } = other.address() as { port: number };
  const { code, text } = await serve("--port", String(port)).ended;
  expect(text).toContain(`Port ${port} is taken. Choose another: --port 0 finds a free one.`);
  expect(code).toBe(2);
  other.close();
});
