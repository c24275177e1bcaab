/** What chapter 9 states, and what it rests on. */

import {
  bytesPerHead,
  bytesPerToken,
  inBlocks,
  pagesFor,
} from "../../../course/part3-inference/chapter09-kv-cache/lib/kv-size.ts";
import { namedShapes } from "../../../course/part3-inference/chapter09-kv-cache/lib/shapes.ts";
import type { Claim, Register, Source } from "./claim.ts";

const example = (why: string, ...says: string[]): Claim[] => says.map((each) => ({ says: each, by: "example", why }));
const calculator = "worldsize run kv-cache-calculator";
const sharing = "worldsize run prefix-sharing-demo";
const byHand = "worldsize run paged-attention-by-hand";

const paged: Source = {
  title: "Kwon et al., Efficient Memory Management for Large Language Model Serving with PagedAttention",
  year: 2023,
  url: "https://arxiv.org/abs/2309.06180",
  says: "only 20.4% - 38.2% of the KV cache memory is used to store the actual token states in the existing systems; OPT-13B: 800 KB of a token (2 × 5120 × 40 × 2); 20–26% higher attention kernel latency",
};

const issue550: Source = {
  title: "vllm-project/vllm, issue 550, GPU consumption",
  year: 2023,
  url: "https://github.com/vllm-project/vllm/issues/550",
  says: "Seems like a case of memory leak ? … vllm will allocate 90% GPU memory for model inference and kv_cache blocks",
};

const llama = namedShapes["llama-3.1-8b"];
/** Bytes of a page of 16 tokens in bf16. */
const page = (): number => 16 * bytesPerToken(llama, "bf16");
/** The second pool that `--check` makes. */
const small = { layers: 3, heads: 8, kvHeads: 2, headDim: 64, maxPositions: 0 };
const tokens = 7 * 4;

const issue6778: Source = {
  title: "sgl-project/sglang, issue 6778, KV Cache not released after request completes",
  year: 2025,
  url: "https://github.com/sgl-project/sglang/issues/6778",
  says: "Decode batch. #running-req: 36, #token: 958017, token usage: 0.96 … #running-req: 35, token usage: 0.96",
};

export const chapter09: Register = {
  page: "course/part3-inference/chapter09-kv-cache/README.md",
  claims: [
    ...example(
      "what a picture shows",
      "![Three steps: two block tables name the same two pages",
      "in pages of four tokens",
    ),
    ...example("which keys a token's own depends on", "token 5's key depends on tokens 1 to 5 only"),
    {
      says: "Position 4 is the first of the table's second page, which is page 0: slot 0. Only the table says that it comes after slot 11",
      by: "command",
      run: byHand,
      prints: [/3 4 2 11 1 0 40 1/, /4 5 0 0 2 1 50 1/],
    },
    ...example("the formula: keys and values", "**bytes = 2 · layers", "keeps 2 · layers · heads of keys"),
    {
      says: "Llama 3.1 8B has 32 layers and 8 heads of keys with 128 numbers",
      by: "arithmetic",
      gives: { "3.1": () => 3.1, "32": () => llama.layers, "8": () => llama.kvHeads, "128": () => llama.headDim },
    },
    {
      says: "its whole context of 131,072 tokens, beside 16 GB of weights",
      by: "arithmetic",
      gives: { "131,072": () => llama.maxPositions, "16": () => (8.03e9 * 2) / 1e9 },
    },
    { says: "128 KiB for each token", by: "arithmetic", gives: { "128": () => bytesPerToken(llama, "bf16") / 1024 } },
    {
      says: "it would be four times as much",
      by: "arithmetic",
      gives: { "four times": () => llama.heads / llama.kvHeads },
    },
    {
      says: 'keeps 819,200 bytes, the "800 KB" of the PagedAttention paper',
      by: "source",
      sources: [paged],
      gives: {
        "819,200": () => bytesPerToken(namedShapes["opt-13b"], "bf16"),
        "800": () => (2 * 5120 * 40 * 2) / 1024,
      },
    },
    {
      says: "keeps one row of 576 numbers",
      by: "arithmetic",
      gives: { "576": () => namedShapes["deepseek-v3"].latent },
    },
    {
      says: "70,272 bytes in all layers",
      by: "command",
      run: `${calculator} --model deepseek-v3`,
      prints: [/61 layers × 576 numbers/, /bf16 70272/],
    },
    {
      says: "With heads of 128 that is 132 bytes in place of 256, nearly half",
      by: "arithmetic",
      gives: {
        "128": () => llama.headDim,
        "132": () => bytesPerHead(128, "int8"),
        "256": () => bytesPerHead(128, "bf16"),
      },
    },
    {
      says: "The pool takes 192 bytes more than the formula says: six tensors of scales have 224 bytes each, and the allocator gives whole blocks of 64",
      by: "arithmetic",
      gives: {
        "192": () => inBlocks(small, tokens, "int8") - tokens * bytesPerToken(small, "int8"),
        "six tensors": () => 2 * small.layers,
        "224": () => tokens * small.kvHeads * 4,
        "64": () => 64,
      },
    },
    {
      says: "perplexity on 60 held-out documents is 1.16628 with f32 and bf16, and 1.16630 with int8",
      by: "measured",
      run: "worldsize run measure-model --kv --documents 60",
      small: "worldsize run measure-model --stories 1 --tasks 1 --questions 1 --documents 2 --samples 0 --kv",
      prints: [/Perplexity, by the types of weights and of keys and values/, /f32 1\.\d+ 1\.\d+ 1\.\d+/],
      where: "AMD EPYC, Node 20.20, one core",
    },
    {
      says: "![A memory of 28 slots: with 12 reserved for each, two of three sequences fit; in pages of 4 all three fit]",
      by: "arithmetic",
      gives: {
        "28": () => 28,
        "12": () => 12,
        "two of": () => Math.floor(28 / 12),
        "three sequences": () => 3,
        "4": () => 28 / [5, 9, 7].reduce((sum, each) => sum + pagesFor(each, 4), 0),
      },
    },
    {
      says: "20.4 to 38.2 % of the memory for keys and values held tokens",
      by: "source",
      sources: [paged],
    },
    {
      says: "Ten sequences have 37 to 2,048 tokens, 6,090 in all. Which share of the slots is empty if 2,048 are reserved for each, and in pages of 16?",
      by: "command",
      run: calculator,
      prints: [/10 sequences with 6090 tokens in all/, /pages of 16 386/],
    },
    {
      says: "70.3 and 1.4 %. More than three times as many users fit",
      by: "command",
      run: calculator,
      prints: [
        /2048 reserved - 20480 14390 70\.3/,
        /pages of 16 386 6176 86 1\.4/,
        /494 sequences like these fit, or 149/,
      ],
    },
    { says: "by 20 to 26 % in the paper's measurement", by: "source", sources: [paged] },
    {
      says: "100 requests share a system prompt of 166 tokens and have about 17 of their own, 18,334 in all. Pages have 16 tokens. How many tokens of each prompt are found: 166?",
      by: "command",
      run: sharing,
      prints: [/100 requests, 18334 tokens of prompts; the system prompt has 166 of each/, /16 tokens per page/],
    },
    {
      says: "160: ten whole pages. The first request finds nothing, the other 99 find 160 each",
      by: "arithmetic",
      gives: {
        "160": () => Math.floor(166 / 16) * 16,
        "ten whole pages": () => Math.floor(166 / 16),
        "99": () => 100 - 1,
      },
    },
    {
      says: "At once, 100 requests need 210 pages in place of 1,200: the ten shared ones are held once",
      by: "command",
      run: sharing,
      prints: [/at once 0 18334 0\.0 % 1200/, /at once 17600 734 96\.0 % 210/, /10 pages: <\|bos\|>/],
    },
    {
      says: "fell from 13 to 2 ms when asked in turn",
      by: "measured",
      run: sharing,
      small: "worldsize run prefix-sharing-demo --requests 4",
      prints: [/in turn [\d ]+[\d.]+ % [\d ]+[\d.]+/],
      where: "AMD EPYC, Node 20.20, one core",
    },
    {
      says: "with 64 tokens per page 128 are found",
      by: "arithmetic",
      gives: { "64": () => 64, "128": () => Math.floor(166 / 64) * 64 },
    },
    { says: "Still 734 tokens were run", by: "command", run: sharing, prints: [/at once 17600 734/] },
    {
      says: "100 requests, 100 tokens. Who forgets this has a query of length 0",
      by: "command",
      run: `${sharing} --cache radix --page-size 1`,
      prints: [/at once 18234 100 99\.5 % 1513 1613/],
    },
    ...example("two meanings of a word", 'Two numbers are called "in use"'),
    { says: "vLLM took 90 % of the GPU's memory", by: "source", sources: [issue550] },
    {
      says: "The same 100 requests, with 40 pages in all. One needs 12",
      by: "command",
      run: `${sharing} --cache radix --pages 40`,
      prints: [/in turn 15840 2494 86\.4 % 12 39/],
    },
    { says: "The user's log has 0.96, with 35 requests running", by: "source", sources: [issue6778] },
    ...example("a multiplication and an addition for each weight", "takes about 2 · N operations", "b · F / (2 · N)"),
    {
      says: "Llama 3.1 8B keeps 131,072 bytes of a token, and runs at 400 TFLOP/s. Which is fast enough: PCIe 5 with 63 GB/s, a drive with 14 GB/s, a network with 1.25 GB/s?",
      by: "arithmetic",
      gives: {
        "131,072": () => bytesPerToken(llama, "bf16"),
        "400": () => 400,
        "63": () => 63,
        "14": () => 14,
        "1.25": () => 10 / 8,
      },
    },
    {
      says: "B must be more than 3.3 GB/s",
      by: "arithmetic",
      gives: { "3.3": () => (bytesPerToken(llama, "bf16") * 400e12) / (2 * 8e9) / 1e9 },
    },
    {
      says: "A page of 16 tokens is run in 0.64 ms, and its 2.1 MB come in 0.033, 0.15 and 1.7 ms",
      by: "arithmetic",
      gives: {
        "16": () => 16,
        "0.64": () => (16 * 2 * 8e9 * 1e3) / 400e12,
        "2.1": () => page() / 1e6,
        "0.033": () => (page() / 63e9) * 1e3,
        "0.15": () => (page() / 14e9) * 1e3,
        "1.7": () => (page() / 1.25e9) * 1e3,
      },
    },
    {
      says: "with 16 MB below it",
      by: "command",
      run: `${sharing} --cache radix --pages 40 --tier host`,
      prints: [/219 pages were evicted, 100 went to the host, 100 came back/],
    },
    {
      says: "1,310 tokens are run in place of 2,334",
      by: "command",
      run: `${sharing} --cache radix --pages 40 --tier host`,
      prints: [/at once 17024 1310/],
    },
    {
      says: "the copy took 0.9 ms, and running it 10",
      by: "measured",
      run: `${sharing} --cache radix --pages 40 --tier host`,
      small: `${sharing} --requests 4 --cache radix --pages 40 --tier host`,
      prints: [/One prompt's 11 pages, 720896 bytes: [\d.]+ ms from the host; .*its tokens run again: [\d.]+ ms/],
      where: "AMD EPYC, Node 20.20, one core",
    },
    {
      says: "the 11 pages took 11 ms, and running them 9, in the best of several runs; yet a drive reads far more than 74 MB/s",
      by: "measured",
      run: `${sharing} --cache radix --pages 40 --tier disk`,
      small: `${sharing} --requests 4 --cache radix --pages 40 --tier disk`,
      prints: [/from the disk; .*run again: [\d.]+ ms\. Whatever reads faster than \d+ MB\/s pays/],
      where: "AMD EPYC, Node 20.20, one core, files in the system's memory",
    },
    ...example("names", "OPT-13B, which", "Chapter 10 asks what the host does between two steps"),
    ...example("P - 1 is P without the last token", "at most ⌊(P - 1) / pageSize⌋ pages"),
    ...example("what its title says", "pages counted twice"),
    ...example("a block in use", "`ref_cnt` > 0"),
  ],
};
