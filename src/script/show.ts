/**
 * What a program shows. A rank only says what there is to see; whoever runs the job draws
 * it: text in a terminal (render.ts), JSON lines, or later a page.
 */

export type Cell = string | number | boolean | undefined;
/** A row of a table: a cell for each column. */
export type Row = Readonly<Record<string, Cell>>;

/** A named list of points. */
export interface Series {
  readonly name: string;
  readonly y: readonly number[];
}

/** One row of a timeline, such as a rank's device. */
export interface TimelineLane {
  readonly name: string;
  readonly spans: readonly { readonly name: string; readonly start: number; readonly end: number }[];
}

/** What a rank showed. */
export type Shown =
  | { readonly kind: "line"; readonly text: string }
  | { readonly kind: "row"; readonly row: Row }
  | { readonly kind: "status"; readonly row: Row }
  | { readonly kind: "write"; readonly text: string }
  | { readonly kind: "table"; readonly title: string; readonly rows: readonly Row[] }
  | { readonly kind: "plot"; readonly title: string; readonly series: readonly Series[] }
  | { readonly kind: "timeline"; readonly title: string; readonly lanes: readonly TimelineLane[] };

/** What a program shows: its words reach whoever started the job, one rank after the other. */
export interface Show {
  /** A line of text. */
  line(text: string): void;
  /** Named values. */
  row(row: Row): void;
  /** Named values of now: the next status takes the place of this one. */
  status(row: Row): void;
  /** Text that goes on where the last one ended, such as tokens as they come. */
  write(text: string): void;
  /** Several rows under one heading. */
  table(rows: readonly Row[], title?: string): void;
  /** Curves over their index. */
  plot(series: readonly Series[], title?: string): void;
  /** Spans over time, one row per lane; times in milliseconds. */
  timeline(lanes: readonly TimelineLane[], title?: string): void;
}
