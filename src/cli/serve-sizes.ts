/** `worldsize serve --sizes`: which public models fit into a process, by the dtype of their weights. */
import { formatBytes } from "../device/index.ts";
import type { KvDType } from "../models/index.ts";
import { type FittingCell, fittingTable, weightDTypes } from "../serve/index.ts";
import type { Output } from "./output.ts";
import { table } from "./render.ts";

/** What the sizes depend on. */
export interface SizeFlags {
  readonly kvTokens?: number;
  readonly kvDtype: KvDType;
  readonly json?: boolean;
}

/** Prints the table, or a line of JSON for each model. @returns the exit code. */
export function printSizes({ kvTokens = 8192, kvDtype, json }: SizeFlags, output: Output): number {
  const rows = fittingTable(kvTokens, kvDtype);
  if (json) {
    for (const row of rows) output.write(`${JSON.stringify({ kind: "size", kvTokens, kvDtype, ...row })}\n`);
    return 0;
  }
  const cell = ({ total, fits, processes }: FittingCell): string =>
    formatBytes(total) + (fits ? "" : processes === undefined ? " (no)" : ` (${processes})`);
  const cells = rows.map(({ model, ...of }) => ({
    model,
    ...Object.fromEntries(weightDTypes.map((dtype) => [dtype, cell(of[dtype])])),
  }));
  output.write(
    `Bytes with ${kvTokens} tokens of keys and values in ${kvDtype}, by the weights' dtype.\n` +
      "(n): one process has no room for it, n that share it have; (no): no split fits.\n\n",
  );
  output.write(`${table(cells).join("\n")}\n`);
  return 0;
}
