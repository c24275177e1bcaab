// Runs requests through the library's engine without a model, and notes what each step was made of. For figures.
import { Engine, noCache, PagePool, type Runner, type StepBatch } from "worldsize/serve";

/** What is asked for. */
export interface Asked {
  readonly name: string;
  readonly prompt: number;
  readonly output: number;
  /** The step before which it comes; 0 if not given. */
  readonly before?: number;
}

/** A request's part of a step. */
export interface Part {
  readonly name: string;
  readonly tokens: number;
  /** Whether it runs its prompt, or a part of it. */
  readonly isPrefill: boolean;
  /** Whether a token was drawn. */
  readonly draws: boolean;
}

/** @param isStatic whether a batch is whole, and ends, before the next one begins. @returns by step, its parts. */
export async function notedSteps(
  asked: readonly Asked[],
  limits: { readonly maxTokens: number; readonly maxSequences: number },
  isStatic = false,
): Promise<Part[][]> {
  const steps: Part[][] = [];
  // Tokens say whose they are: a prompt's are 2 i, those that were drawn 2 i + 1.
  const runner: Runner = {
    positions: 1024,
    vocabularySize: 2 * asked.length,
    run: async ({ rows }: StepBatch) => {
      steps.push(
        rows.map(({ tokens, draws }) => ({
          name: asked[Math.floor(tokens[0] / 2)].name,
          tokens: tokens.length,
          isPrefill: tokens[0] % 2 === 0,
          draws: draws.length > 0,
        })),
      );
      return rows.map(({ tokens, draws }) => draws.map(() => ({ token: tokens[0] | 1 })));
    },
  };
  const engine = new Engine({ runner, pool: new PagePool(1024, 1), cache: noCache, ...limits });
  const left = asked.map((each, i) => ({ ...each, i }));
  while (left.length > 0 || engine.hasWork) {
    const room = isStatic ? (engine.hasWork ? 0 : limits.maxSequences) : left.length;
    for (const { i, prompt, output } of left.filter(({ before = 0 }) => before <= steps.length).slice(0, room)) {
      left.splice(
        left.findIndex((each) => each.i === i),
        1,
      );
      const events = { onToken: () => true, onFinish: () => {} };
      engine.add({ prompt: Array<number>(prompt).fill(2 * i), maxTokens: output, events });
    }
    await engine.step();
  }
  return steps;
}
