// llama.cpp by node-llama-cpp, many sequences at once in one context, whose batching fills each step from all of them. It is asked in
// its own process, without a server in between. Settings come as JSON on standard input:
//   { file, sequences, positions, threads, batchSize, flashAttention, strategy, asks: [{ prompt, output }], times?, concurrency? }
// What it prints is a run as worldsize/load has it, in JSON. A request goes to the free sequence that already holds most of its
// beginning, and what that holds is not run again; where no sequence is free, it waits, and its time to the first token goes on.
import { readFileSync } from "node:fs";
import { getLlama, LlamaLogLevel } from "node-llama-cpp";
import { realClock, runLoad } from "worldsize/load";

const { file, sequences, positions, threads, batchSize, flashAttention, strategy, asks, times, concurrency } =
  JSON.parse(readFileSync(0, "utf8"));
const llama = await getLlama({
  gpu: false,
  build: "never",
  maxThreads: threads,
  logLevel: LlamaLogLevel.error,
  progressLogs: false,
});
const model = await llama.loadModel({ modelPath: file, gpuLayers: 0 });
const context = await model.createContext({
  sequences,
  contextSize: positions,
  threads,
  batchSize,
  flashAttention,
  batching: { itemPrioritizationStrategy: strategy },
});
const free = Array.from({ length: sequences }, () => context.getSequence());
const waiting = [];

/** How many of a prompt's first tokens a sequence holds. */
function held({ contextTokens }, prompt) {
  let same = 0;
  while (same < contextTokens.length && contextTokens[same] === prompt[same]) same++;
  return same;
}

/** A sequence for a prompt, when one is free. */
async function take(prompt) {
  if (free.length === 0) await new Promise((resolve) => waiting.push(resolve));
  const holds = free.map((sequence) => held(sequence, prompt));
  return free.splice(holds.indexOf(Math.max(...holds)), 1)[0];
}

async function answer({ prompt, output }) {
  const start = realClock.now();
  const sequence = await take(prompt);
  // The last token of a prompt is always run: its logits are what the first new token is drawn from.
  const cached = Math.min(held(sequence, prompt), prompt.length - 1);
  if (cached < sequence.nextTokenIndex)
    await sequence.eraseContextTokenRanges([{ start: cached, end: sequence.nextTokenIndex }]);
  const stamps = [];
  for await (const _ of sequence.evaluate(prompt.slice(cached), { temperature: 0, yieldEogTokens: true })) {
    stamps.push({ at: realClock.now(), tokens: 1, content: true });
    if (stamps.length === output) break;
  }
  free.push(sequence);
  waiting.shift()?.();
  const usage = { input: prompt.length, cached, output: stamps.length };
  return { start, firstFrame: stamps[0]?.at, stamps, end: realClock.now(), text: "", usage };
}

// As on the other side, one request is not timed.
await answer({ prompt: asks[0].prompt.map((_, i) => 100 + i), output: asks[0].output });
const run = await runLoad({ count: asks.length, times, concurrency, send: (i) => answer(asks[i]), clock: realClock });
process.stdout.write(`${JSON.stringify(run)}\n`);
process.exit(0);
