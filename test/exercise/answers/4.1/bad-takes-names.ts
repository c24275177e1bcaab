// Names are taken from the list as the ring grows: what is left needs no second list.

const ways = ["SYS", "NODE", "PHB", "PXB", "PIX"];
const speed = (entry: string): number => (entry.startsWith("NV") ? 10 + Number(entry.slice(2)) : ways.indexOf(entry));
type Between = Record<string, Record<string, string>>;

export function bestRing(names: string[], between: Between): string[] {
  let best: string[] = [];
  let value = -1;
  const first = names.shift() ?? "";
  const walk = (ring: string[]): void => {
    if (names.length === 0) {
      const worst = Math.min(...ring.map((a, i) => speed(between[a][ring[(i + 1) % ring.length]])));
      if (worst > value) [best, value] = [[...ring], worst];
    }
    for (let i = 0; i < names.length; i++) {
      const [next] = names.splice(i, 1);
      walk([...ring, next]);
      names.splice(i, 0, next);
    }
  };
  walk([first]);
  return best;
}
