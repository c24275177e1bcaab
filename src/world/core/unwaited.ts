/** What nobody has waited for: a rank that ends must not leave an operation behind. */
import type { Operation } from "./operation.ts";
import type { Work } from "./work.ts";

/** When the list is longer than this, works that somebody has waited for are taken out of it. */
const FEW = 64;

/** Works that nobody has waited for, and some that somebody has. */
export class Unwaited {
  #works: Work<unknown>[] = [];
  #most = FEW;

  /** Most programs await one operation before they call the next, and the next one then takes its place here. */
  add(work: Work<unknown>): void {
    const works = this.#works;
    const last = works.length - 1;
    if (last >= 0 && works[last].waitedFor) works[last] = work;
    else if (works.push(work) > this.#most) this.#forgetWaitedFor();
  }

  /** Those that nobody has waited for, in the order of their calls. */
  operations(): Operation[] {
    this.#forgetWaitedFor();
    return this.#works.map(({ operation }) => operation);
  }

  /** Takes out the works that somebody has waited for. */
  #forgetWaitedFor(): void {
    this.#works = this.#works.filter(({ waitedFor }) => !waitedFor);
    this.#most = Math.max(FEW, 2 * this.#works.length);
  }
}
