/** A script's quick form: the same work with small numbers, and what of it is the same wherever it runs. */
import type { Script } from "./define.ts";
import type { Row, Shown } from "./show.ts";

/** The options of a script's quick form: what it declares, or nothing where its presets are quick already. */
export function quickOptions({ quick }: Pick<Script, "quick">): Readonly<Record<string, unknown>> {
  return quick?.options ?? {};
}

/**
 * What of a thing shown must be the same in Node and in a page: all but what the script declares as
 * measured (how columns end, how titles and lines begin) and the times of a timeline.
 * @returns nothing for a line that is measured.
 */
export function agreed(what: Shown, measured: readonly string[] = []): Shown | undefined {
  const isMeasured = (text: string): boolean => measured.some((word) => text.startsWith(word));
  const columns = (row: Row): Row =>
    Object.fromEntries(Object.entries(row).filter(([column]) => !measured.some((word) => column.endsWith(word))));
  switch (what.kind) {
    case "line":
      return isMeasured(what.text) ? undefined : what;
    case "row":
      return { ...what, row: columns(what.row) };
    case "status":
      return undefined; // how often one comes is a matter of time
    case "write":
      return what;
    case "table":
      return isMeasured(what.title) ? undefined : { ...what, rows: what.rows.map(columns) };
    case "plot":
      if (!isMeasured(what.title)) return what;
      return { ...what, series: what.series.map(({ name }) => ({ name, y: [] })) };
    case "timeline":
      return { ...what, title: "", lanes: what.lanes.map(({ name }) => ({ name, spans: [] })) };
  }
}
