/**
 * A rank's place in a group: who the members are, and how the rank gives its place up.
 *
 * Destroying a group is each rank's own doing and waits for nobody. What the members share
 * goes back when the last of them has destroyed the group; of a group that is dropped
 * without it, it stays taken until the job ends.
 */
import type { Engine } from "./core/engine.ts";
import type { Issuer } from "./core/issuer.ts";
import type { GroupInfo } from "./core/operation.ts";

export abstract class Membership {
  /** This rank's number in the group, from 0. */
  readonly rank: number;
  /** How many ranks the group has. */
  readonly size: number;
  /** For messages; the first group is `world`. */
  readonly name: string;
  /** Its number among the groups of the job; no other group ever has it. */
  readonly id: number;
  /** World rank of each member. */
  readonly ranks: readonly number[];
  readonly #engine: Engine;
  readonly #issuer: Issuer;

  constructor(engine: Engine, { id, name, ranks }: GroupInfo, issuer: Issuer) {
    this.#engine = engine;
    this.#issuer = issuer;
    this.rank = ranks.indexOf(engine.rank);
    this.size = ranks.length;
    this.name = name;
    this.id = id;
    this.ranks = ranks;
  }

  /**
   * Gives up this rank's place in the group: it can call nothing more on it. Needs no other
   * member, and does nothing the second time.
   * @throws Error while one of the group's operations is in flight, and for the world.
   */
  destroy(): void {
    this.#checkLasting();
    this.#issuer.checkIdle();
    this.#issuer.close();
  }

  /**
   * `using group = await world.split(…)` destroys the group at the end of the block. Operations
   * in flight end first: the block may be left because of an error that must not be hidden.
   */
  [Symbol.dispose](): void {
    this.#checkLasting();
    this.#issuer.close();
  }

  /**
   * Ends the job: every rank gets the reason, and so does whoever started it.
   * @throws AbortError, always.
   */
  abort(reason: string): never {
    return this.#engine.abort(reason);
  }

  #checkLasting(): void {
    if (this.id !== 0) return;
    throw new Error(
      `rank ${this.rank} called ${this.name}.destroy(), but the group of all ranks lasts as long as the job.`,
    );
  }
}
