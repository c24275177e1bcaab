// A whole inference server: HTTP in, tokens through the library's engine, text out as server-sent events. POST /generate takes
// { prompt, maxTokens, temperature, stop } and streams { text } until { finish }. What it leaves out: OpenAI's protocol, and
// all that keeps strangers away (worldsize serve has both).
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { defineScript, number, string } from "worldsize";
import { chatSpecials, encodeChat } from "worldsize/models";
import { Engine, EngineLoop, type Generation, ModelRunner, PagePool, RadixTree, RequestError } from "worldsize/serve";
import { openModel } from "../../../model-room/lib/open-model.ts";
import { type RequestTrace, recordOf, stageLine, timelineOf, traceOf } from "../lib/request-trace.ts";

const PAGES = 512;
const PAGE = 16;

const prompts = [
  "Tell a story about Mia the fox, Ben the boy and a red ball.",
  "Tell a story about Leo the owl, Ruby the girl and a blue kite.",
  "What is 3 + 4?",
];

export default defineScript({
  about: "A small inference server that says when what happened to each request.",
  ranks: 1,
  options: {
    model: string("storyteller", "the storyteller, or a folder with a model"),
    port: number(0, "0 takes one that is free", { min: 0, max: 65_535, integer: true }),
    requests: number(0, "requests that it sends itself, and ends; 0 serves until Ctrl-C", {
      min: 0,
      max: 1000,
      integer: true,
    }),
    apart: number(40, "milliseconds between two of them", { min: 0 }),
    most: number(60, "most tokens of their answers", { min: 1, max: 900, integer: true }),
    budget: number(256, "tokens of a step", { min: 1, integer: true }),
    together: number(16, "sequences of a step", { min: 1, integer: true }),
    record: string("", "a file for the times of the last request, as JSON; none if empty"),
  },
  quick: { options: { requests: 2, most: 8, apart: 2 } },
  measured: ["request", "tokenized", "  tokenized", "listening"],
  async main({ world, device, options, show, now, sleep }) {
    if (world.rank !== 0) return; // one rank serves
    const { model, tokenizer } = await openModel(device, options.model);
    const stopTokens = new Set([tokenizer.specialId(chatSpecials.eos)]);
    const runner = new ModelRunner(model, PAGES, PAGE);
    const pool = new PagePool(PAGES, PAGE);
    const { budget: maxTokens, together: maxSequences } = options;
    const engine = new Engine({ runner, pool, cache: new RadixTree(pool), maxTokens, maxSequences });
    // Between two steps connections have their turn: new requests come in, text goes out.
    const loop = new EngineLoop({ engine, tokenizer, now, macrotask: (next) => setImmediate(next) });
    let steps = 0;
    let shared = 0;
    const stepsOf = new Map<Generation, [first: number, last: number]>();
    const draws = (generation: Generation): void => {
      const [first] = stepsOf.get(generation) ?? [steps + 1];
      stepsOf.set(generation, [first, steps + 1]);
    };
    loop.watch({
      onToken: draws,
      onEnd: draws, // a stop token is drawn, and not given
      onStep({ decode }) {
        steps++;
        if (decode > 1) shared++;
      },
    });
    await warmUp(loop);
    [steps, shared] = [0, 0];

    const traces: RequestTrace[] = [];
    let ids = 0;
    const generate = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
      const [id, received] = [++ids, now()];
      const { prompt, maxTokens: most, temperature = 0, stop = [] } = await bodyOf(request);
      const tokens = encodeChat(tokenizer, [{ role: "user", content: prompt }], chatSpecials, {
        addGenerationPrompt: true,
      });
      const tokenized = now();
      const gone = new AbortController();
      response.on("close", () => gone.abort());
      const generation = loop.generate({
        ...{ prompt: tokens, maxTokens: most, sampling: { temperature, seed: id }, stopTokens },
        ...{ stops: stop, signal: gone.signal },
      });
      response.writeHead(200, { "content-type": "text/event-stream" });
      const send = (event: object): void => void response.write(`data: ${JSON.stringify(event)}\n\n`);
      let text: number | undefined;
      for await (const piece of generation) {
        if (piece.text !== "") {
          send({ text: piece.text });
          text ??= now();
        }
        if (piece.finish) send({ finish: piece.finish });
      }
      response.end();
      const { promptTokens, completionTokens: outputTokens, times } = generation;
      const known = { id, promptTokens, outputTokens, received, tokenized };
      const trace = traceOf(known, times, { text, finished: now() });
      traces.push(trace);
      const [first, last] = stepsOf.get(generation) ?? [steps, steps];
      stepsOf.delete(generation);
      show.line(`request ${id}: ${promptTokens} tokens in, ${outputTokens} out, drawn in steps ${first} to ${last}`);
      for (const line of wrapped(stageLine(trace), 67)) show.line(`  ${line}`);
    };

    const server = createServer((request, response) => {
      if (request.method !== "POST" || request.url !== "/generate") {
        response.writeHead(404).end("POST /generate is all there is here.\n");
        return;
      }
      generate(request, response).catch((error: unknown) => {
        const { message } = error as Error;
        if (response.headersSent) response.end(`data: ${JSON.stringify({ error: message })}\n\n`);
        else response.writeHead(isWrong(error) ? 400 : 500).end(`${message}\n`);
      });
    });
    server.listen(options.port, "127.0.0.1");
    await once(server, "listening");
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/generate`;
    show.line(`listening at ${url}`);
    if (options.requests === 0) await once(server, "close"); // it never closes: Ctrl-C ends the job

    await fetch(url); // a client's first connection is slow, too; its answer is 404
    const asked = Array.from({ length: options.requests }, async (_, i) => {
      await sleep(i * options.apart);
      return ask(url, { prompt: prompts[i % prompts.length], maxTokens: options.most });
    });
    const answers = await Promise.all(asked);
    server.close();
    await loop.close();
    for (const line of timelineOf(traces.sort((a, b) => a.id - b.id))) show.line(line);
    show.line(`q: waits, P: its prompt runs, d: decodes; ${shared} of ${steps} steps for several.`);
    show.line(`request 1 was told: ${answers[0].slice(0, 47)}…`);
    if (options.record !== "") {
      const { writeFile } = await import("node:fs/promises");
      await writeFile(options.record, `${JSON.stringify(recordOf(traces[traces.length - 1]), null, 2)}\n`);
    }
    runner.dispose();
    model.dispose();
  },
});

/** The first steps of a process are slow: they are nobody's. */
async function warmUp(loop: EngineLoop): Promise<void> {
  for (let round = 0; round < 3; round++)
    for await (const piece of loop.generate({ prompt: [16 + round, 17, 18, 19, 20, 21, 22, 23], maxTokens: 16 }))
      if (piece.finish === "error") throw new Error("The model cannot be run.");
}

/** Whether a request is to blame for what was thrown. */
function isWrong(error: unknown): boolean {
  return error instanceof RequestError || error instanceof SyntaxError || error instanceof RangeError;
}

interface Asked {
  readonly prompt: string;
  readonly maxTokens?: number;
  readonly temperature?: number;
  readonly stop?: readonly string[];
}

/** What a request's body asks for. @throws SyntaxError for what is not JSON, or has no prompt. */
async function bodyOf(request: IncomingMessage): Promise<Asked> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const asked = JSON.parse(Buffer.concat(chunks).toString("utf8")) as Asked | null;
  if (typeof asked?.prompt !== "string") throw new SyntaxError("The body is JSON with a prompt, which is a string.");
  if (!Array.isArray(asked.stop ?? [])) throw new SyntaxError("stop is a list of strings.");
  return asked;
}

/** Asks as a client does. @returns the text of all events. @throws Error for an answer that is an error. */
async function ask(url: string, asked: Asked): Promise<string> {
  const response = await fetch(url, { method: "POST", body: JSON.stringify(asked) });
  const body = await response.text();
  if (!response.ok) throw new Error(body);
  const events = body.split("\n\n").filter((event) => event.startsWith("data: "));
  const parsed = events.map((event) => JSON.parse(event.slice(6)) as { text?: string; error?: string });
  const failed = parsed.find(({ error }) => error !== undefined);
  if (failed) throw new Error(failed.error);
  return parsed.map(({ text = "" }) => text).join("");
}

/** Lines of at most so many characters, broken at blanks. */
function wrapped(text: string, most: number): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines[lines.length - 1];
    if (line !== "" && line.length + 1 + word.length > most) lines.push(word);
    else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
  }
  return lines;
}
