/** What the model room's pages state, and what it rests on. */
import type { Register } from "./claim.ts";

const kv = "worldsize run measure-model --kv --stories 1 --tasks 1 --questions 1 --samples 0 --documents 5";

export const measureModel: Register = {
  page: "course/model-room/scripts/measure-model.md",
  claims: [
    {
      says: "| f32 | 1.071472 | 1.071481 | 1.071506 |",
      by: "command",
      run: kv,
      prints: [/f32 +1\.071472 +1\.071481 +1\.071506/],
    },
    {
      says: "| bf16 | 1.071472 | 1.071481 | 1.071506 |",
      by: "command",
      run: kv,
      prints: [/bf16 +1\.071472 +1\.071481 +1\.071506/],
    },
    {
      says: "| int8 | 1.071487 | 1.071490 | 1.071561 |",
      by: "command",
      run: kv,
      prints: [/int8 +1\.071487 +1\.071490 +1\.071561/],
    },
    {
      says: "| int4 | 1.072041 | 1.072050 | 1.072099 |",
      by: "command",
      run: kv,
      prints: [/int4 +1\.072041 +1\.072050 +1\.072099/],
    },
    {
      says: "Weights in int8 cost 0.000015, keys and values in int8 0.000034, weights in int4 0.00057",
      by: "arithmetic",
      gives: {
        "0.000015": () => 1.071487 - 1.071472,
        "0.000034": () => 1.071506 - 1.071472,
        "0.00057": () => 1.072041 - 1.071472,
      },
    },
    {
      says: "the share of 200 prompted stories",
      by: "example",
      why: "what the program does where no flag says otherwise",
    },
    { says: "with 4 bits", by: "example", why: "the bits of an int4" },
    { says: "a group of 32 weights has 16 values to choose from", by: "arithmetic", gives: { "16": () => 2 ** 4 } },
    { says: "perplexity of 1.07", by: "command", run: kv, prints: [/f32 +1\.07/] },
  ],
};
