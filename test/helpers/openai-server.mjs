// A server of OpenAI's protocol without a model, for tests of clients: it answers a prompt by so many letters, one per frame.
//   node openai-server.mjs [--port 0] [--gap MS] [--status N] [--untold] [--slow-start MS] [--die] [--no-prefix-cache]
// --status answers so to what generates; --untold has no /tokenize and counts nothing; --die ends before it listens.
// One token is one character. GET /answered says how many answers were given to the end. With a prefix cache, whatever began like an earlier prompt counts as cached.
import { createServer } from "node:http";

const flags = process.argv.slice(2);
const numberOf = (name, preset) => (flags.includes(name) ? Number(flags[flags.indexOf(name) + 1]) : preset);
const has = (name) => flags.includes(name);
const gap = numberOf("--gap", 1);
const status = numberOf("--status", 200);
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

if (has("--die")) {
  process.stderr.write("There is no model here.\n");
  process.exit(3);
}

let answered = 0;
/** What came before, so that what is shared counts as cached. */
const before = [];

function cachedOf(prompt) {
  const shared = before.map((other) => {
    let same = 0;
    while (same < prompt.length - 1 && other[same] === prompt[same]) same++;
    return same;
  });
  before.push(prompt);
  return has("--no-prefix-cache") ? 0 : Math.max(0, ...shared);
}

async function generate(chat, body, response) {
  const prompt = chat ? body.messages.map(({ content }) => content).join("") : body.prompt;
  const usage = { prompt_tokens: prompt.length, prompt_tokens_details: { cached_tokens: cachedOf(prompt) } };
  const count = body.max_tokens ?? body.max_completion_tokens;
  const write = (choices, more) => response.write(`data: ${JSON.stringify({ choices, ...more })}\n\n`);
  response.writeHead(200, { "content-type": "text/event-stream" });
  if (chat) write([{ index: 0, delta: { role: "assistant", content: "" }, finish_reason: null }]);
  for (let i = 1; i <= count && !response.destroyed; i++) {
    await sleep(gap);
    const finish_reason = i === count ? "length" : null;
    const counted = body.stream_options?.continuous_usage_stats && !has("--untold");
    const more = counted ? { usage: { ...usage, completion_tokens: i } } : {};
    write([{ index: 0, finish_reason, ...(chat ? { delta: { content: "x" } } : { text: "x" }) }], more);
  }
  if (!has("--untold")) write([], { usage: { ...usage, completion_tokens: count } });
  response.end("data: [DONE]\n\n");
  answered++;
}

const server = createServer(async (request, response) => {
  let text = "";
  for await (const piece of request) text += piece;
  const body = text ? JSON.parse(text) : {};
  const json = (code, value) => {
    response.writeHead(code, { "content-type": "application/json" });
    response.end(JSON.stringify(value));
  };
  const { url } = request;
  if (url === "/answered") return json(200, answered);
  if (url === "/v1/models") return json(200, { data: [{ id: "letters", max_model_len: 1024 }] });
  if (url === "/tokenize" && !has("--untold"))
    return json(200, { tokens: [...body.prompt].map((each) => each.charCodeAt(0)) });
  if (url === "/detokenize" && !has("--untold")) return json(200, { prompt: String.fromCharCode(...body.tokens) });
  if (!/^\/v1\/(chat\/)?completions$/.test(url)) return json(404, { error: { message: `nothing at ${url}` } });
  if (status !== 200) return json(status, { error: { message: "not now" } });
  return generate(url.includes("chat"), body, response);
});
await sleep(numberOf("--slow-start", 0));
server.listen(numberOf("--port", 0), "127.0.0.1", () => {
  process.stdout.write(`listening on http://127.0.0.1:${server.address().port}\n`);
});
