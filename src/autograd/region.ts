/**
 * A part of a program, such as the forward of one module, whose backward somebody wants to know the begin and
 * the end of. Each operation remembers the region that it was recorded in, so no view or handle can drop it.
 */

/** What to call around the backward of a region. */
export interface RegionHooks {
  /** Before the first of its operations computes gradients. */
  readonly before?: () => void;
  /** After the last of them. Gradients of weights that were deferred come later. */
  readonly after?: () => void;
}

/** A region, which may lie in another. */
export class Region {
  readonly outer: Region | undefined;
  readonly hooks: RegionHooks;

  constructor(hooks: RegionHooks, outer: Region | undefined) {
    this.hooks = hooks;
    this.outer = outer;
  }
}

/** Follows the regions of one backward pass. */
export class RegionCounts {
  /** Operations that have not been passed yet, by region. */
  readonly #left = new Map<Region, number>();
  readonly #begun = new Set<Region>();

  /** An operation of this region will be passed. */
  expect(region: Region | undefined): void {
    for (let r = region; r; r = r.outer) this.#left.set(r, (this.#left.get(r) ?? 0) + 1);
  }

  /** The next operation is one of this region: outer regions begin first. */
  enter(region: Region | undefined): void {
    if (!region || this.#begun.has(region)) return;
    this.enter(region.outer);
    this.#begun.add(region);
    region.hooks.before?.();
  }

  /** An operation of this region is done: inner regions end first. */
  leave(region: Region | undefined): void {
    for (let r = region; r; r = r.outer) {
      const left = (this.#left.get(r) ?? 0) - 1;
      this.#left.set(r, left);
      if (left === 0) r.hooks.after?.();
    }
  }
}
