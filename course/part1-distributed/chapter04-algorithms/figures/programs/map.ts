// A machine with a ring laid on it, its busiest links marked.
import { bottleneckOf, busiestOf, type Drawing, machineSvg, machineText } from "worldsize/draw";
import { hopName, layOn, type Machine } from "worldsize/sim";

export function mapOf(machine: Machine): Drawing {
  const layout = layOn(machine, "ring", 256e6);
  const busiest = busiestOf(layout);
  const names = busiest.map(({ hop }) => hopName(hop));
  const text = (): string[] => [
    ...machineText(machine, names).flatMap(fitted),
    "",
    `A ring of 256 MB: ${bottleneckOf(busiest)}.`,
  ];
  return { title: machine.name, about: machine.about, text, svg: () => machineSvg(machine, layout) };
}

/** A line of at most 80 columns: its mark goes below where there is no room for it. */
function fitted(line: string): string[] {
  const at = line.indexOf("◀");
  return line.length <= 80 || at < 0 ? [line] : [line.slice(0, at).trimEnd(), `      ${line.slice(at)}`];
}
