/**
 * A tied embedding over a pipeline: the first stage looks words up in it, the last one scores with it, and where these are two
 * ranks, both have it. Each has one term of its gradient, and both need the sum.
 */
import type { Parameter } from "../../nn/index.ts";
import type { ProcessGroup } from "../../world/index.ts";
import type { DecoderStages } from "./stages.ts";

/** What two ranks have of one parameter. */
export class TiedEmbedding {
  readonly #group: ProcessGroup;
  readonly #weight: Parameter;

  private constructor(group: ProcessGroup, weight: Parameter) {
    this.#group = group;
    this.#weight = weight;
  }

  /**
   * Joins the two ranks; all ranks of the pipeline's group call it.
   * @param home the rank of each stage. @returns nothing on other ranks, where the head is a weight of its own, and where first
   *   and last stage are at one rank.
   */
  static async join(
    stages: DecoderStages,
    group: ProcessGroup,
    home: readonly number[],
  ): Promise<TiedEmbedding | undefined> {
    const ends = [home[0], home[home.length - 1]];
    if (!stages.config.tied || ends[0] === ends[1]) return undefined;
    const isEnd = ends.includes(group.rank);
    const both = await group.split(isEnd ? 0 : undefined, group.rank, "tied");
    if (!both || !stages.embed) return undefined;
    const { weight } = stages.embed;
    weight.describe({ copies: 2 * weight.part.copies });
    return new TiedEmbedding(both, weight);
  }

  /** Sums the gradient over both ranks, in place: once a step, after the last backward. The stream waits. */
  sum(): void {
    const { grad } = this.#weight;
    if (grad) this.#group.allReduce(grad).wait();
  }
}
