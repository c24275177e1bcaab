/** A machine as an SVG picture: a row for each kind of device, links as lines, an algorithm's busy links in colour. */
import type { Layout } from "../sim/layout.ts";
import type { DeviceKind, Machine } from "../sim/machine.ts";
import { colour, round, svgPicture, svgText } from "./svg.ts";

const rows: readonly (readonly DeviceKind[])[] = [
  ["switch"],
  ["cpu", "memory"],
  ["nic"],
  ["pcie"],
  ["gpu", "core"],
  ["nvswitch"],
];
const ROW = 84;
const BOX = 58;

/** @param layout an algorithm's load, if one is to be shown. @returns the text of an SVG file. */
export function machineSvg(machine: Machine, layout?: Layout): string {
  const used = rows
    .map((kinds) => machine.devices.filter(({ kind }) => kinds.includes(kind)))
    .filter((row) => row.length > 0);
  const widest = Math.max(...used.map((row) => row.length));
  const width = Math.max(520, widest * (BOX + 10) + 60);
  const place = new Map<string, { x: number; y: number }>();
  used.forEach((row, r) => {
    row.forEach(({ name }, i) => void place.set(name, { x: (width * (i + 0.5)) / row.length, y: 84 + r * ROW }));
  });
  const at = (name: string): { x: number; y: number } => place.get(name) as { x: number; y: number };
  const busiest = layout?.loads[0];
  const slowest = Math.min(...machine.links.map(({ part }) => part.bandwidth));
  const body = [
    svgText(16, 26, machine.name, 'class="title"'),
    svgText(16, 44, layout ? `${layout.algorithm}: ${figures(layout)}` : machine.about, 'class="small"'),
  ];
  for (const { a, b, part } of machine.links) {
    const load = layout?.loads.filter(
      ({ hop }) => (hop.from === a && hop.to === b) || (hop.from === b && hop.to === a),
    );
    const bad = busiest && load?.includes(busiest);
    const busy = (load?.length ?? 0) > 0;
    const stroke = bad ? "var(--bad)" : busy ? colour(0) : "var(--line)";
    const thick = 1.2 + Math.log2(part.bandwidth / slowest) * 0.8;
    const [p, q] = [at(a), at(b)];
    // Links within a row bow out, so that they do not run through the boxes between.
    const bow = p.y === q.y ? `Q${round((p.x + q.x) / 2)} ${p.y - 46} ` : "L";
    body.push(
      `<path d="M${round(p.x)} ${p.y}${bow}${round(q.x)} ${q.y}" fill="none" stroke="${stroke}" stroke-width="${round(thick)}"/>`,
    );
  }
  for (const { name, kind } of machine.devices) {
    const { x, y } = at(name);
    const fill = kind === "gpu" || kind === "core" ? colour(2) : "var(--panel)";
    const words = name
      .replace(/^node (\d+) /, "n$1 ")
      .replace("PCIe switch", "PCIe")
      .split(/ (?=\S+$)/);
    body.push(
      `<rect x="${round(x - BOX / 2)}" y="${y - 17}" width="${BOX}" height="34" rx="6" fill="${fill}" stroke="var(--soft)" stroke-width=".8"/>`,
    );
    const ink = kind === "gpu" || kind === "core" ? ' style="fill:var(--page)"' : "";
    const attributes = `text-anchor="middle" class="small"${ink}`;
    words.forEach((word, i) => void body.push(svgText(x, y + 4 + (i - (words.length - 1) / 2) * 13, word, attributes)));
  }
  const bottom = 84 + used.length * ROW - 24;
  const legend = new Map(machine.links.map(({ part }) => [part.name, part.bandwidth]));
  [...legend].forEach(([name, bandwidth], i) => {
    body.push(
      svgText(
        16 + (i % 2) * 240,
        bottom + Math.floor(i / 2) * 16,
        `${name}: ${gigabytes(bandwidth)} each way`,
        'class="small"',
      ),
    );
  });
  if (busiest) {
    const text = `bottleneck: ${busiest.hop.from} → ${busiest.hop.to}, ${busiest.hop.part.name}`;
    body.push(svgText(16, bottom + Math.ceil(legend.size / 2) * 16, text, 'class="small" style="fill:var(--bad)"'));
  }
  return svgPicture(width, bottom + Math.ceil(legend.size / 2) * 16 + 20, `${machine.name}: ${machine.about}`, body);
}

function figures({ seconds, busbw }: Layout): string {
  return `${Number((seconds * 1e3).toPrecision(3))} ms, bus bandwidth ${gigabytes(busbw)}`;
}

function gigabytes(bytesPerSecond: number): string {
  return `${Number((bytesPerSecond / 1e9).toPrecision(3))} GB/s`;
}
