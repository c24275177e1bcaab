/** What a rank is handed to show things with. */
import type { Show, Shown } from "./show.ts";
import { showable } from "./showable.ts";

/** A Show that hands everything on, in a form that can be sent and drawn. */
export function showTo(send: (shown: Shown) => void): Show {
  const emit = (shown: Shown): void => send(showable(shown));
  return {
    line: (text) => emit({ kind: "line", text }),
    row: (row) => emit({ kind: "row", row }),
    status: (row) => emit({ kind: "status", row }),
    write: (text) => emit({ kind: "write", text }),
    table: (rows, title = "") => emit({ kind: "table", title, rows }),
    plot: (series, title = "") => emit({ kind: "plot", title, series }),
    timeline: (lanes, title = "") => emit({ kind: "timeline", title, lanes }),
  };
}
