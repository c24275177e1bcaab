/** Reads sizes such as 512MiB or 2GB, and refuses more than there is. */
import { totalmem } from "node:os";
import { InvalidArgumentError } from "commander";
import { formatBytes } from "../device/index.ts";
import { MAX_MEMORY } from "../platform/memory.ts";

const units: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
};

/** Least memory a job can run in: its control words and one segment per rank. */
const LEAST = 16 * 2 ** 20;

/** @throws InvalidArgumentError for text that is not a size in bytes. */
export function parseBytes(text: string): number {
  const match = /^([\d.]+)\s*([a-z]*)$/i.exec(text.trim());
  const unit = units[match?.[2].toLowerCase() ?? "?"];
  const bytes = Math.floor(Number(match?.[1]) * unit);
  if (!Number.isFinite(bytes)) throw new InvalidArgumentError(`"${text}" is not a size; write 512MiB or 2GiB.`);
  return bytes;
}

/** @throws InvalidArgumentError for text that is not a size, or a size that cannot be had. */
export function parseMemory(text: string): number {
  const bytes = parseBytes(text);
  if (bytes > MAX_MEMORY) {
    throw new InvalidArgumentError(
      `${formatBytes(bytes)} is more than the ${formatBytes(MAX_MEMORY)} that ranks of one process can share.`,
    );
  }
  if (bytes > totalmem()) {
    throw new InvalidArgumentError(`${formatBytes(bytes)} is more than this machine's ${formatBytes(totalmem())}.`);
  }
  if (bytes < LEAST)
    throw new InvalidArgumentError(`${formatBytes(bytes)} is too little; give at least ${formatBytes(LEAST)}.`);
  return bytes;
}
