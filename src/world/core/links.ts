/**
 * Paced links: messages move as fast as the machine can, but count as arrived only when a
 * link of the given speed would have brought them. Each ordered pair of ranks has its own
 * link, which carries one message after the other (the alpha-beta model: a message of b
 * bytes takes latency + b / bandwidth, and only b / bandwidth occupies the link).
 */

/** What a message costs: `alpha` seconds, and `beta` seconds per byte. */
export interface LinkCost {
  readonly alpha: number;
  readonly beta: number;
}

/**
 * Links between threads or processes of one machine where nothing else is known: 10 µs and 2 GB/s, between
 * what `worldsize bench p2p` measures for threads and for processes on two cores.
 */
export const plainLink: LinkCost = { alpha: 10e-6, beta: 1 / 2e9 };

export interface LinkSpeed {
  readonly bytesPerSecond: number;
  /** Milliseconds. */
  readonly latency: number;
}

/** The links of a rank: within its node, and to other nodes; undefined where they are not paced. */
export interface LinkSpeeds {
  readonly within?: LinkSpeed;
  readonly between?: LinkSpeed;
}

interface Traveller {
  readonly due: number;
  readonly arrive: () => void;
}

/** The slowest of them, in each respect. */
export function slowestCost({ within, between }: LinkSpeeds): LinkCost {
  const speeds = [within, between].filter((speed) => speed !== undefined);
  if (speeds.length === 0) return plainLink;
  return {
    alpha: Math.max(...speeds.map(({ latency }) => latency / 1e3)),
    beta: Math.max(...speeds.map(({ bytesPerSecond }) => 1 / bytesPerSecond)),
  };
}

export class PacedLinks {
  /** What a message costs on the slowest of the job's links, the same on every rank. */
  readonly cost: LinkCost;
  readonly #speedTo: (rank: number) => LinkSpeed | undefined;
  readonly #now: () => number;
  /** When each link has carried what it was given, by the rank on its other side. */
  readonly #freeAt = new Map<number, number>();
  /** Ordered by time of arrival. */
  readonly #travelling: Traveller[] = [];

  /** @param speedTo of the link that joins this rank with another. @param now milliseconds. */
  constructor(speedTo: (rank: number) => LinkSpeed | undefined, now: () => number, cost = plainLink) {
    this.cost = cost;
    this.#speedTo = speedTo;
    this.#now = now;
  }

  /** Milliseconds now, to hand to `carry` later. */
  now(): number {
    return this.#now();
  }

  /** A message whose bytes began to move at `start` arrives: calls back when its link would have brought it. */
  carry(link: number, bytes: number, start: number, arrive: () => void): void {
    const speed = this.#speedTo(link);
    if (!speed) {
      arrive();
      return;
    }
    const free = Math.max(start, this.#freeAt.get(link) ?? 0) + (bytes / speed.bytesPerSecond) * 1e3;
    this.#freeAt.set(link, free);
    const due = free + speed.latency;
    let at = this.#travelling.length;
    while (at > 0 && this.#travelling[at - 1].due > due) at--;
    this.#travelling.splice(at, 0, { due, arrive });
  }

  /** Lets arrive what is due. @returns whether anything was. */
  progress(): boolean {
    const travelling = this.#travelling;
    if (travelling.length === 0) return false;
    const now = this.#now();
    let count = 0;
    while (count < travelling.length && travelling[count].due <= now) count++;
    for (const { arrive } of travelling.splice(0, count)) arrive();
    return count > 0;
  }

  /** When the next message arrives; undefined when nothing travels. */
  get due(): number | undefined {
    return this.#travelling[0]?.due;
  }

  /** Milliseconds until the next arrival; undefined when nothing travels. */
  get wait(): number | undefined {
    const { due } = this;
    return due === undefined ? undefined : Math.max(0, due - this.#now());
  }
}

const units: Readonly<Record<string, number>> = { KB: 1e3, MB: 1e6, GB: 1e9, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };
const times: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1e3 };

/**
 * Reads `1GB/s,20us`; the latency may be left out. Bits per second are Gbit/s, Mbit/s.
 * @throws RangeError for text that is no such speed.
 */
export function parseLink(text: string): LinkSpeed {
  const bad = new RangeError(`"${text}" is not a link speed; write a bandwidth and a latency, such as 1GB/s,20us.`);
  const match = /^([\d.]+)\s*([KMG]i?B|[MG]bit)\/s(?:\s*,\s*([\d.]+)\s*(ns|us|µs|ms|s))?$/.exec(text.trim());
  if (!match) throw bad;
  const [, amount, unit, delay = "0", time = "ms"] = match;
  const perUnit = unit.endsWith("bit") ? (unit === "Gbit" ? 1e9 : 1e6) / 8 : units[unit];
  const speed = { bytesPerSecond: Number(amount) * perUnit, latency: Number(delay) * times[time] };
  if (!(speed.bytesPerSecond > 0) || !Number.isFinite(speed.bytesPerSecond) || !(speed.latency >= 0)) throw bad;
  return speed;
}
