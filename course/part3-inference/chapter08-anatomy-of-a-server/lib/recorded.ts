// One request that was served, on two busy cores: `worldsize run minimal-inference-server --requests 1 --record FILE`. Milliseconds
// since it was received.
import type { RequestTrace } from "./request-trace.ts";

export const oneRequest: RequestTrace = {
  id: 1,
  promptTokens: 19,
  outputTokens: 60,
  received: 0,
  tokenized: 2.63,
  queued: 2.73,
  scheduled: 3.21,
  first: 5.6,
  text: 5.86,
  last: 171.9,
  finished: 173.15,
};

/** Milliseconds per token of its decode. */
export const perToken = (oneRequest.last - oneRequest.first) / (oneRequest.outputTokens - 1);
