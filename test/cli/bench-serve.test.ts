/** `worldsize bench serve` as somebody types it, against a server without a model. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Started, startServer } from "../../src/cli/bench/serve/child.ts";
import { serveFlags } from "../../src/cli/bench/serve/flags.ts";
import { timesOf, wantedOf } from "../../src/cli/bench/serve/plan.ts";
import { reportLines } from "../../src/cli/bench/serve/report.ts";
import { inputTokens, metricsOf } from "../../src/load/index.ts";
import { commandIn } from "../helpers/command.ts";

const folder = mkdtempSync(join(tmpdir(), "worldsize-cli-"));
const worldsize = commandIn(folder);
const started: Started[] = [];
afterAll(async () => {
  for (const each of started) await each.stop();
  rmSync(folder, { recursive: true });
});

const fake = (...flags: string[]): string[] => [
  process.execPath,
  join(import.meta.dirname, "../helpers/openai-server.mjs"),
  ...flags,
];

async function server(...flags: string[]): Promise<string> {
  const each = await startServer(fake(...flags));
  started.push(each);
  return each.url;
}

/** One JSON object per run. */
interface Run {
  readonly prompts: string;
  readonly metrics: ReturnType<typeof metricsOf>;
}
const runsOf = (out: string): Run[] =>
  out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Run);

describe("a server at a URL", () => {
  let url = "";
  beforeAll(async () => void (url = await server()));

  it("is measured: a table of at most 80 columns", async () => {
    const { status, out, err } = await worldsize(
      "bench",
      "serve",
      "--url",
      url,
      "--requests",
      "12",
      "--concurrency",
      "4",
    );
    expect([status, err]).toEqual([0, ""]);
    expect(out).toContain("shared-prefix, all at once, at most 4 in flight, prompts as token ids, seed 0");
    expect(out).toContain(`letters at ${url}`);
    expect(out).toMatch(/requests answered +│ +12 │/);
    expect(out).toMatch(/output tokens +│ +384 │/); // 12 × 32
    expect(out).toMatch(/most requests in flight +│ +4 │/);
    expect(out).toMatch(/│ TTFT +│/);
    for (const line of out.split("\n")) expect([...line].length, line).toBeLessThanOrEqual(80);
  });

  it("is measured: JSON", async () => {
    const flags = [
      "--workload",
      "random",
      "--input",
      "20",
      "--output",
      "5",
      "--requests",
      "8",
      "--rate",
      "200",
      "--json",
    ];
    const { status, out } = await worldsize(
      "bench",
      "serve",
      "--url",
      `${url}/v1`,
      ...flags,
      "--goodput",
      "ttft:1e9",
      "e2el:9999",
    );
    expect(status).toBe(2); // 1e9 is not written so
    expect(out).toBe("");
    const good = await worldsize(
      "bench",
      "serve",
      "--url",
      `${url}/v1`,
      ...flags,
      "--goodput",
      "ttft:9999",
      "e2el:9999",
    );
    expect(good.err).toBe("");
    const [{ metrics, ...rest }] = runsOf(good.out);
    expect(rest).toMatchObject({
      bench: "serve",
      workload: "random",
      rate: 200,
      model: "letters",
      prompts: "token ids",
    });
    expect(metrics).toMatchObject({ completed: 8, failed: 0, inputTokens: 160, outputTokens: 40, uncounted: 0 });
    expect(metrics.goodput).toBeCloseTo(metrics.requestThroughput, 9);
    expect(metrics.late?.count).toBe(8);
    expect(metrics.itl?.count).toBe(8 * 4);
  });

  it("a chat gets text of the length that was asked for, and its role comes first", async () => {
    const flags = [
      "--api",
      "chat",
      "--workload",
      "random",
      "--input",
      "30",
      "--output",
      "4",
      "--requests",
      "3",
      "--json",
    ];
    const { out, err } = await worldsize("bench", "serve", "--url", url, ...flags);
    expect(err).toBe("");
    const [{ prompts, metrics }] = runsOf(out);
    expect([prompts, metrics.inputTokens, metrics.outputTokens]).toEqual(["text", 90, 12]);
    expect(metrics.firstFrame?.mean).toBeLessThanOrEqual(metrics.ttft?.mean as number);
  });

  it("a trace is sent at its times", async () => {
    const lines = [0, 30, 60].map((timestamp) => JSON.stringify({ timestamp, input_length: 9, output_length: 2 }));
    writeFileSync(join(folder, "trace.jsonl"), lines.join("\n"));
    const { out, err } = await worldsize(
      "bench",
      "serve",
      "--url",
      url,
      "--workload",
      "trace",
      "trace.jsonl",
      "--json",
    );
    expect(err).toBe("");
    const [{ metrics }] = runsOf(out);
    expect([metrics.completed, metrics.inputTokens, metrics.outputTokens]).toEqual([3, 27, 6]);
    expect(metrics.duration).toBeGreaterThanOrEqual(0.06);
  });

  it("what has no room in the model is refused before anything is sent", async () => {
    const { status, err } = await worldsize("bench", "serve", "--url", url, "--system", "1000");
    expect(status).toBe(2);
    expect(err).toContain(
      "A request of 1032 tokens and 32 more has no room in the model, which takes 1024. Make it shorter: --system, --question, --output.",
    );
  });

  it("a model that it has not", async () => {
    const { status, err } = await worldsize("bench", "serve", "--url", url, "--model", "leters");
    expect([status, err]).toEqual([2, `worldsize: ${url} has no model "leters". Did you mean letters?\n`]);
  });
});

it("a server that counts nothing gets words, and its frames are counted", async () => {
  const url = await server("--untold");
  const { out, err } = await worldsize("bench", "serve", "--url", url, "--requests", "4", "--output", "6");
  expect(err).toBe("");
  expect(out).toContain("prompts as words");
  expect(out).toMatch(/output tokens +│ +24 │/);
  expect(out).toContain("the server did not count the tokens of 4 answers: their frames were counted");
  const ids = await worldsize("bench", "serve", "--url", url, "--prompts", "ids");
  expect(ids.err).toContain(
    "--prompts ids takes the ids from the server's /tokenize and /detokenize, and it has none.",
  );
});

it.each([
  ["401", "It wants a key: --key, or OPENAI_API_KEY."],
  ["404", "The model or the path is not there"],
  ["429", "It takes no more requests now: wait, or send fewer with --rate or --concurrency."],
  ["400", "A server that knows OpenAI's own fields only needs --plain."],
])("a server that answers %s: what to do", async (code, advice) => {
  const url = await server("--status", code);
  const { status, out, err } = await worldsize("bench", "serve", "--url", url);
  expect([status, out]).toEqual([2, ""]);
  expect(err).toContain(`${url} answered ${code}: not now`);
  expect(err).toContain(advice);
});

it("nobody listens", async () => {
  const url = await server();
  await started.pop()?.stop();
  const { status, err } = await worldsize("bench", "serve", "--url", url);
  expect(status).toBe(2);
  expect(err).toBe(`worldsize: Nothing answers at ${url} (ECONNREFUSED). Start a server there, or give its --url.\n`);
});

it("Ctrl-C ends it, and says what was measured until then", async () => {
  const url = await server("--gap", "20");
  const flags = ["bench", "serve", "--url", url, "--rate", "20", "--requests", "500", "--output", "4"];
  const child = spawn(process.execPath, [join(process.cwd(), "bin/worldsize.mjs"), ...flags], {
    env: { ...process.env, NO_COLOR: "1" },
  });
  let out = "";
  child.stdout.on("data", (data) => void (out += data));
  const closed = new Promise((resolve) => child.on("close", resolve));
  // The first answer is the one that is not timed.
  while (((await (await fetch(`${url}/answered`)).json()) as number) < 4)
    await new Promise((done) => setTimeout(done, 20));
  child.kill("SIGINT");
  const code = await closed;
  expect(code).toBe(130);
  expect(out).toContain("stopped early: this is what was measured until then");
  expect(out).toMatch(/requests answered +│ +[1-9]/);
});

describe("a server that is started", () => {
  it("is ended with what it printed where it does not listen", async () => {
    await expect(startServer(fake("--die"))).rejects.toThrow(
      "The server ended its process with exit code 3, and had printed:\nThere is no model here.",
    );
    await expect(startServer(["/nowhere/at/all"])).rejects.toThrow(
      "The server could not be started: spawn /nowhere/at/all",
    );
  });

  it("is ended when somebody stops while it starts", async () => {
    const stop = new AbortController();
    const starting = startServer(fake("--slow-start", "60000"), stop.signal);
    setTimeout(() => stop.abort(130), 200);
    await expect(starting).rejects.toBe(130);
  });

  it("is gone after stop", async () => {
    const { url, stop } = await startServer(fake());
    expect((await fetch(`${url}/v1/models`)).status).toBe(200);
    await stop();
    await expect(fetch(`${url}/v1/models`)).rejects.toThrow();
  });
});

it("our own server, with its prefix cache and without: the same requests, and what the cache had", async () => {
  const flags = ["--requests", "6", "--groups", "2", "--system", "64", "--question", "8", "--output", "3"];
  const { status, out, err } = await worldsize(
    "bench",
    "serve",
    ...flags,
    "--concurrency",
    "2",
    "--radix",
    "both",
    "--json",
  );
  expect([status, err]).toEqual([0, ""]);
  const [off, on] = runsOf(out).map(({ metrics }) => metrics);
  for (const metrics of [off, on])
    expect(metrics).toMatchObject({ completed: 6, failed: 0, inputTokens: 6 * 72, outputTokens: 18, uncounted: 0 });
  expect(off.cachedTokens).toBe(0);
  // Of each group, one prompt or two at once run whole; the others find the 64 tokens before their questions.
  expect(on.cachedTokens).toBeGreaterThanOrEqual(2 * 64);
});

describe("flags", () => {
  it.each([
    [["--workload", "trace"], "--workload trace needs a file: worldsize bench serve --workload trace requests.jsonl"],
    [["requests.jsonl"], "requests.jsonl would not be read: a file is for --workload trace."],
    [
      ["--groups", "2", "--workload", "mixed"],
      "--groups is for --workload shared-prefix, and this is mixed. Leave it out.",
    ],
    [["--range-ratio", "0.1"], "--range-ratio is for --workload random, and this is shared-prefix."],
    [["--workload", "trace", "x", "--rate", "2"], "A trace says when requests come. Leave --rate out."],
    [["--ramp", "linear:1:2", "--rate", "2"], "--ramp says the rate. Leave --rate out."],
    [["--burstiness", "2"], "with --rate inf there are none. Give a --rate."],
    [["--api", "chat", "--prompts", "ids"], "A chat takes text, not token ids."],
    [["--url", "http://x", "--radix", "off"], "--radix starts servers"],
    [["--url", "http://x", "--", "--page-size", "4"], "--page-size is for a server that is started"],
    [["--rounds", "2"], "--rounds compares: it is for --radix both and --against."],
    [["--against", "node-llama-cpp", "--url", "http://x"], "--against starts both sides with a model of its own"],
    [["--url", "localhost:8000"], "Write the whole address, such as http://localhost:8000."],
    [["--goodput", "ttft=5"], "Write ttft:500, tpot:50 or e2el:3000, in milliseconds."],
    [["--ramp", "quadratic:1:2"], "Write linear:1:8 or exponential:1:8"],
    [["--percentiles", "50,101"], "Write numbers from 0 to 100, such as 50,90,99."],
    [["--requests", "0"], "It must be at least 1."],
    [["--rate", "-1"], "It must be a number more than 0, or inf."],
    [["--range-ratio", "1", "--workload", "random"], "It must be at least 0 and less than 1."],
    [["--concurency", "4"], "unknown option '--concurency'. (Did you mean --concurrency?)"],
  ])("%j", (args, message) => {
    expect(() => serveFlags(args)).toThrow(message);
  });

  it("objectives are collected, the server's own flags go behind --", () => {
    const flags = serveFlags(["--goodput", "ttft:500", "tpot:50", "--rate", "inf", "--", "folder", "--dtype", "int8"]);
    expect(flags).toMatchObject({
      goodput: { ttft: 500, tpot: 50 },
      rate: Infinity,
      serverFlags: ["folder", "--dtype", "int8"],
    });
  });

  it("a workload fits the model that it is for", () => {
    const wanted = wantedOf(serveFlags(["--workload", "mixed", "--requests", "200"]), 512);
    expect(wanted.every((each) => inputTokens(each) + each.output <= 512)).toBe(true);
    const shared = wantedOf(serveFlags(["--requests", "10", "--groups", "4"]));
    expect([shared.length, inputTokens(shared[0])]).toEqual([10, 288]);
  });

  it("a limit without a rate is a closed loop; otherwise times are drawn", () => {
    const times = (...args: string[]) => timesOf(serveFlags(args), Array(4).fill({ pieces: [], output: 1 }));
    expect(times("--concurrency", "2")).toBeUndefined();
    expect(times()).toEqual([0, 0, 0, 0]);
    expect(times("--rate", "4", "--concurrency", "2")?.at(-1)).toBeCloseTo(1000, 9);
    expect(times("--ramp", "linear:1:2", "--burstiness", "inf")?.[0]).toBeCloseTo(1000, 9);
  });
});

it("two sides stand beside each other, with what failed", () => {
  const outcome = {
    start: 0,
    firstFrame: 5,
    stamps: [5, 11, 12.3456].map((at) => ({ at, tokens: 1, content: true })),
    end: 13,
    text: "abc",
    usage: { input: 4, output: 3 },
  };
  const run = { outcomes: [outcome], start: 0, duration: 500, late: [], held: [] };
  const failure = { kind: "refused", status: 429, message: "full" } as const;
  const sides = [
    { name: "radix off", metrics: metricsOf({ ...run, outcomes: [outcome, { ...outcome, failure }] }) },
    { name: "radix on", metrics: metricsOf({ ...run, duration: 250 }) },
  ];
  const lines = reportLines(sides);
  expect(lines.find((line) => line.includes("output tokens per s"))).toMatch(/│ +6 │ +12 │ +2 │/);
  expect(lines.find((line) => line.includes("E2EL, radix on"))).toMatch(/12\.35/);
  expect(lines.at(-1)).toBe("radix off: 1 × 429: full");
  for (const line of lines) expect([...line].length, line).toBeLessThanOrEqual(80);
});
