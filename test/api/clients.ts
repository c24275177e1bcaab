/** What tests of other people's clients share: a server that has all they ask for, and what they throw. */
import { expect } from "vitest";
import { openScripted, type ScriptedServer } from "./scripted.ts";
import { toolPieces, toolTemplate } from "./tools.ts";

/** A server that knows tools and gives embeddings, [3, tokens] for each string. */
export function openForClients(): Promise<ScriptedServer> {
  return openScripted({
    pieces: ["red ", "ball", "word ", ...toolPieces],
    template: toolTemplate,
    embed: async (tokens) => Float32Array.of(3, tokens.length),
  });
}

/** What a request throws; one that is answered fails the test. */
export function thrown(asking: PromiseLike<unknown>): Promise<unknown> {
  return Promise.resolve(asking).then(
    () => expect.unreachable("it was answered"),
    (error: unknown) => error,
  );
}
