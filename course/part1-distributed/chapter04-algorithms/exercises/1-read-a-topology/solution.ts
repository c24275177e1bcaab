// All orders of all but the first name; the one whose slowest link is fastest.
const slowest = ["SYS", "NODE", "PHB", "PXB", "PIX"];

/** Larger is faster; any number of NVLinks beats PCIe. */
function speed(entry: string): number {
  return entry.startsWith("NV") ? slowest.length + Number(entry.slice(2)) : slowest.indexOf(entry);
}

export function bestRing(names: string[], between: Record<string, Record<string, string>>): string[] {
  let best = names;
  let value = -1;
  const worth = (ring: string[]): number => {
    const links = ring.map((name, i) => between[name][ring[(i + 1) % ring.length]]);
    return Math.min(...links.map(speed));
  };
  const walk = (ring: string[], rest: string[]): void => {
    if (rest.length === 0 && worth(ring) > value) {
      best = ring;
      value = worth(ring);
    }
    for (const next of rest) {
      const others = rest.filter((name) => name !== next);
      walk([...ring, next], others);
    }
  };
  walk(names.slice(0, 1), names.slice(1));
  return best;
}
