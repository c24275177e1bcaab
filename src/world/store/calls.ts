/**
 * Calls of a store as values, and the one list of checks on them: the ranks' side checks
 * before a call leaves, and the side that keeps the store checks what comes from anywhere.
 */
import { limits, StoreLimitError, StoreValueError } from "./store.ts";

/** By method: what its arguments are called, and what they must be. */
const parameters = {
  set: { key: "key", value: "string" },
  get: { key: "key", timeout: "time" },
  wait: { keys: "keys", timeout: "time" },
  add: { key: "key", amount: "whole" },
  compareSet: { key: "key", expected: "string", desired: "string" },
  delete: { key: "key" },
  barrier: { name: "key", count: "count", timeout: "time" },
} as const satisfies Readonly<Record<string, Readonly<Record<string, Kind>>>>;

type Kind = keyof typeof checks;

export type StoreMethod = keyof typeof parameters;

export interface StoreCall {
  readonly method: StoreMethod;
  readonly args: readonly unknown[];
}

/** By kind of argument: what it should be, if it is not; undefined if all is well. */
const checks = {
  string: (value: unknown) => (typeof value === "string" ? undefined : "a string"),
  key: (value: unknown) => (typeof value === "string" ? undefined : "a string"),
  keys: (value: unknown) =>
    Array.isArray(value) && value.every((key) => typeof key === "string") ? undefined : "a list of strings",
  whole: (value: unknown) => (Number.isSafeInteger(value) ? undefined : "a whole number of at most 2^53 - 1"),
  count: (value: unknown) => (Number.isSafeInteger(value) && (value as number) >= 1 ? undefined : "a count from 1"),
  // Nothing at all, which is null behind JSON, stands for the usual time.
  time: (value: unknown) =>
    value === undefined || value === null || (typeof value === "number" && value >= 0)
      ? undefined
      : "a number of milliseconds from 0",
} as const;

/**
 * Checks a call, wherever it comes from.
 * @throws StoreValueError for what is no such call; StoreLimitError for one that is too long.
 */
export function checkCall({ method, args }: StoreCall): void {
  const names = Object.hasOwn(parameters, method) && (parameters[method] as Readonly<Record<string, Kind>>);
  if (!names || !Array.isArray(args)) throw new StoreValueError("The store has no such method.");
  for (const [i, [name, kind]] of Object.entries(names).entries()) {
    const expected = checks[kind](args[i]);
    if (expected) {
      const advice = kind === "string" ? " Write String(…) for a number, JSON.stringify(…) for more." : "";
      throw new StoreValueError(`its ${name} should be ${expected}, but is ${shown(args[i])}.${advice}`);
    }
    if (kind === "key") checkLength(name, args[i] as string, limits.keyLength);
    if (kind === "string") checkLength(name, args[i] as string, limits.valueLength);
    if (kind === "keys") checkKeys(args[i] as string[]);
  }
}

/** `key "x"`, `keys "x", "y"`: what a call is about, for messages. */
export function aboutCall({ method, args }: StoreCall): string {
  if (method === "barrier") return `barrier ${cut(String(args[0]))} of ${args[1]}`;
  return listKeys(Array.isArray(args[0]) ? args[0] : [String(args[0])]);
}

/** `store.get("x")`, `store.set("x", 5)`: a call as somebody would write it. */
export function formatCall({ method, args }: StoreCall): string {
  const given = args.filter((arg, i) => arg !== undefined || i < 1);
  return `store.${method}(${given.map(written).join(", ")})`;
}

/** `key "x"`, `keys "x", "y" and 4 more` */
export function listKeys(keys: readonly string[]): string {
  const shown = keys.slice(0, 5).map(cut).join(", ");
  return `${keys.length > 1 ? "keys" : "key"} ${shown}${keys.length > 5 ? ` and ${keys.length - 5} more` : ""}`;
}

/** A string between quotes, short enough for a message. */
export function cut(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}

function checkLength(name: string, text: string, most: number): void {
  if (text.length <= most) return;
  const tensors = most === limits.valueLength ? " Tensors are sent through process groups." : "";
  throw new StoreLimitError(
    `its ${name} should have at most ${most} characters, but ${cut(text)} has ${text.length}.${tensors}`,
  );
}

function checkKeys(keys: readonly string[]): void {
  for (const key of keys) checkLength("keys", key, limits.keyLength);
  const length = keys.reduce((sum, key) => sum + key.length, 0);
  if (keys.length <= limits.waitKeys && length <= limits.waitLength) return;
  throw new StoreLimitError(
    `its keys should be at most ${limits.waitKeys}, with ${limits.waitLength} characters together, ` +
      `but are ${keys.length} with ${length}. Wait for a part of them at a time.`,
  );
}

/** A value that should have been another one. */
function shown(value: unknown): string {
  if (typeof value === "string") return `the string ${cut(value)}`;
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : `the number ${value}`;
  if (typeof value === "bigint") return `the bigint ${value}n`;
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "a list" : "an object";
  return typeof value === "boolean" || value === null || value === undefined ? String(value) : `a ${typeof value}`;
}

function written(value: unknown): string {
  if (typeof value === "string") return cut(value);
  if (Array.isArray(value)) return `[${value.slice(0, 3).map(written).join(", ")}${value.length > 3 ? ", …" : ""}]`;
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "object" && value !== null) return "{…}";
  return typeof value === "function" || typeof value === "symbol" ? `a ${typeof value}` : String(value);
}
