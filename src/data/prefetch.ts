/**
 * Steps that are fetched before they are needed. What was fetched is not what was learned from: the state is that of the
 * last step that was handed out, so a run that stops with full hands goes on with what it had fetched in vain.
 */

/** What steps are fetched from: a loader, or a packer of rows. */
export interface Source<Step, State> {
  readonly state: State;
  next(): Step;
}

/** Keeps `depth` steps ready. */
export class Prefetcher<Step, State> {
  readonly #source: Source<Step, State>;
  readonly #depth: number;
  readonly #fetched: { step: Step; state: State }[] = [];
  #state: State;

  /** @throws RangeError for a depth that is not a whole number from 0. */
  constructor(source: Source<Step, State>, depth: number) {
    if (!(Number.isSafeInteger(depth) && depth >= 0))
      throw new RangeError(`The depth of a prefetcher is a whole number from 0, not ${depth}.`);
    this.#source = source;
    this.#depth = depth;
    this.#state = source.state;
  }

  /** Where the run stands: after the last step that `next` gave. */
  get state(): State {
    return this.#state;
  }

  /** Fetches up to `depth` steps; a good time is while a step runs. */
  fill(): void {
    while (this.#fetched.length < this.#depth) this.#fetched.push(this.#fetch());
  }

  /** The next step, fetched before or now. */
  next(): Step {
    const { step, state } = this.#fetched.shift() ?? this.#fetch();
    this.#state = state;
    return step;
  }

  #fetch(): { step: Step; state: State } {
    const step = this.#source.next();
    return { step, state: this.#source.state };
  }
}
