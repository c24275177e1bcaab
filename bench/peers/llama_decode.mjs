// llama.cpp, as node-llama-cpp ships it, called directly through koffi, on a GGUF file:
//   speed FILE THREADS TOKENS   milliseconds per token of greedy decoding, one sequence, the best of some
//   logits FILE ID…             JSON: the logits after each of the tokens, keys and values in f32
//   greedy FILE COUNT ID…       JSON: what follows the tokens, [token, lead over the second best logit] COUNT times
//   tokens FILE TEXT…           JSON: the ids of each text, special tokens not looked for
import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import koffi from "koffi";

const platform = `${process.platform === "win32" ? "win" : process.platform === "darwin" ? "mac" : "linux"}-${process.arch}`;
const main = createRequire(import.meta.url).resolve("node-llama-cpp");
const folder = join(dirname(createRequire(main).resolve(`@node-llama-cpp/${platform}`)), "../bins", platform);
const load = (pattern) =>
  koffi.load(
    join(
      folder,
      readdirSync(folder).find((name) => pattern.test(name)),
    ),
    { global: true },
  );
load(/^libggml-base\./);
const ggml = load(/^libggml\./);
const llama = load(/^libllama\./);

// Parameters and batches are passed by value, and grow from version to version: a form larger than they are serves for all.
koffi.struct("Parameters", { words: koffi.array("uint32_t", 128) });
const bind = (type, name, ...args) => llama.func(`${type} llama_${name}(${args.join(", ")})`);
const loadModel = bind("void *", "model_load_from_file", "const char *path", "Parameters parameters");
const makeContext = bind("void *", "init_from_model", "void *model", "Parameters parameters");
const oneBatch = bind("Parameters", "batch_get_one", "void *tokens", "int32_t count");
const decode = bind("int", "decode", "void *context", "Parameters batch");
const logitsOf = bind("void *", "get_logits_ith", "void *context", "int32_t i");
const vocabularyOf = bind("void *", "model_get_vocab", "void *model");
const tokenCount = bind("int32_t", "vocab_n_tokens", "void *vocabulary");
const tokenize = bind(
  "int32_t",
  "tokenize",
  ...["void *vocabulary", "const char *text", "int32_t length", "_Out_ int32_t *ids", "int32_t most"],
  ...["bool addSpecial", "bool parseSpecial"],
);
const setThreads = bind("void", "set_n_threads", "void *context", "int32_t threads", "int32_t batchThreads");
const silent = koffi.proto("void LogCallback(int level, const char *text, void *data)");
const heard = [];
bind(
  "void",
  "log_set",
  "void *callback",
  "void *data",
)(
  koffi.register((level, text) => level >= 3 && heard.push(text), koffi.pointer(silent)),
  null,
);
ggml.func("void ggml_backend_load_all_from_path(const char *folder)")(folder);
bind("void", "backend_init")();

const [mode, file, ...rest] = process.argv.slice(2);
const model = loadModel(file, bind("Parameters", "model_default_params")());
if (!model) {
  process.stderr.write(`llama.cpp does not load ${file}:\n${heard.join("")}`);
  process.exit(1);
}
const vocabulary = vocabularyOf(model);
const size = tokenCount(vocabulary);

/** A context; where it is exact, keys and values are f32 and no kernel of attention is fused. */
function contextOf(length, exact) {
  const { words } = bind("Parameters", "context_default_params")();
  if (words[0] !== 512 || words[26] !== 1 || words[27] !== 1) {
    throw new Error(`This llama.cpp has other parameters than v0.5.0: ${[...words.slice(0, 32)].join(" ")}`);
  }
  words[0] = length;
  if (exact) words[13] = words[26] = words[27] = 0;
  return makeContext(model, { words });
}

/** Runs one token. @returns its logits. */
function step(context, token) {
  const code = decode(context, oneBatch(koffi.as(Int32Array.of(token), "int32_t *"), 1));
  if (code !== 0) throw new Error(`llama_decode failed with ${code}.`);
  return new Float32Array(koffi.view(logitsOf(context, -1), size * 4));
}

if (mode === "logits") {
  const context = contextOf(Math.max(64, rest.length), true);
  setThreads(context, 1, 1); // more would wait for each other on a processor that has fewer
  process.stdout.write(JSON.stringify(rest.map((token) => [...step(context, Number(token))])));
} else if (mode === "greedy") {
  const [count, ...prompt] = rest.map(Number);
  const context = contextOf(count + prompt.length, true);
  setThreads(context, 1, 1);
  let logits;
  for (const token of prompt) logits = step(context, token);
  const made = [];
  while (made.length < count) {
    const best = logits.reduce((top, value, at) => (value > logits[top] ? at : top), 0);
    const second = logits.reduce((top, value, at) => (at === best ? top : Math.max(top, value)), -Infinity);
    made.push([best, logits[best] - second]);
    logits = step(context, best);
  }
  process.stdout.write(JSON.stringify(made));
} else if (mode === "tokens") {
  const ids = rest.map((text) => {
    const found = new Int32Array(text.length * 4 + 16);
    const count = tokenize(vocabulary, text, Buffer.byteLength(text), found, found.length, false, false);
    return [...found.subarray(0, count)];
  });
  process.stdout.write(JSON.stringify(ids));
} else {
  const [threads, tokens] = rest.map(Number);
  const context = contextOf(256, false);
  setThreads(context, threads, threads);
  let best = Infinity;
  let token = 1;
  for (let i = 0; i < tokens + 4; i++) {
    const start = performance.now();
    const logits = step(context, token);
    token = logits.reduce((top, value, at) => (value > logits[top] ? at : top), 0);
    if (i >= 4) best = Math.min(best, performance.now() - start);
  }
  process.stdout.write(`${best}\n`);
}
process.exit(0);
