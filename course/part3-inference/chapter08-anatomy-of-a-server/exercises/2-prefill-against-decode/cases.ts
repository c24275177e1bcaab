// What 8.2 is tried on: small models, whose steps are run and counted, and large ones, to which the same formulas go.
import { draws } from "worldsize/exercise";

/** A decoder with a gated MLP and a head of its own; weights, keys and values have four bytes. */
export interface Shape {
  readonly width: number;
  readonly ffnWidth: number;
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly vocabulary: number;
}

/** New tokens of one sequence, behind those that have keys and values already. */
export interface Row {
  readonly start: number;
  readonly count: number;
  /** Whether a next token is drawn behind the last one. */
  readonly draws: boolean;
}

export interface Case {
  readonly what: string;
  readonly shape: Shape;
  readonly rows: readonly Row[];
}

const small: Shape = { width: 16, ffnWidth: 24, layers: 2, heads: 4, kvHeads: 2, headDim: 4, vocabulary: 32 };
const other: Shape = { width: 12, ffnWidth: 20, layers: 3, heads: 3, kvHeads: 3, headDim: 8, vocabulary: 48 };
/** Of Llama 3 8B (2024). */
export const llama: Shape = {
  ...{ width: 4096, ffnWidth: 14_336, layers: 32, heads: 32, kvHeads: 8, headDim: 128, vocabulary: 128_256 },
};

const decode = (start: number): Row => ({ start, count: 1, draws: true });

/** Those that are run. */
export function runsOf(seed: number): Case[] {
  const random = draws(seed, 82);
  const whole = (from: number, to: number): number => from + Math.floor((to - from + 1) * random());
  return [
    { what: "one token of a decode", shape: small, rows: [decode(0)] },
    { what: "a prompt of 7", shape: small, rows: [{ start: 0, count: 7, draws: true }] },
    { what: "three that decode", shape: small, rows: [decode(5), decode(9), decode(2)] },
    {
      what: "two that decode beside a chunk in the middle of a prompt",
      shape: other,
      rows: [decode(4), decode(11), { start: 6, count: 5, draws: false }],
    },
    {
      what: "a drawn step",
      shape: other,
      rows: [
        decode(whole(1, 14)),
        ...Array.from({ length: whole(1, 4) }, () => ({
          start: whole(0, 9),
          count: whole(1, 9),
          draws: whole(0, 1) === 1,
        })),
      ],
    },
  ];
}

/** Large ones: nobody runs them. */
export const large: readonly Case[] = [
  { what: "Llama 3 8B, a prompt of 2000", shape: llama, rows: [{ start: 0, count: 2000, draws: true }] },
  { what: "Llama 3 8B, 64 that decode", shape: llama, rows: Array.from({ length: 64 }, () => decode(999)) },
];

/** When a decode step has so many flops for each byte. */
export const asked: readonly { readonly shape: Shape; readonly length: number; readonly flopsPerByte: number }[] = [
  { shape: llama, length: 1, flopsPerByte: 20 },
  { shape: llama, length: 1000, flopsPerByte: 20 },
  { shape: llama, length: 16_000, flopsPerByte: 20 },
  { shape: llama, length: 4000, flopsPerByte: 0.5 },
  { shape: small, length: 10, flopsPerByte: 3 },
];

/** Elements of the matrices of one layer. */
export const layerOf = ({ width, ffnWidth, heads, kvHeads, headDim }: Shape): number =>
  width * headDim * (2 * heads + 2 * kvHeads) + 3 * width * ffnWidth;
export const headOf = ({ width, vocabulary }: Shape): number => width * vocabulary;
export const weightsOf = (shape: Shape): number => shape.layers * layerOf(shape) + headOf(shape);

/** Keys that a row's tokens attend to, each to itself and all before it. */
export const attendedBy = ({ start, count }: Row): number => count * start + (count * (count + 1)) / 2;

export function flopsOf({ shape, rows }: Omit<Case, "what">): number {
  const tokens = rows.reduce((sum, { count }) => sum + count, 0);
  const drawn = rows.filter((row) => row.draws).length;
  const attended = rows.reduce((sum, row) => sum + attendedBy(row), 0);
  const { layers, heads, headDim } = shape;
  return 2 * tokens * layers * layerOf(shape) + 2 * drawn * headOf(shape) + 4 * layers * heads * headDim * attended;
}

/** Bytes of keys and values that a row reads. */
export const keysOf = ({ layers, kvHeads, headDim }: Shape, { start, count }: Row): number =>
  4 * 2 * layers * kvHeads * headDim * (start + count);

export function bytesOf({ shape, rows }: Omit<Case, "what">): number {
  return 4 * weightsOf(shape) + rows.reduce((sum, row) => sum + keysOf(shape, row), 0);
}

export function fewestOf({ shape, length, flopsPerByte }: (typeof asked)[number]): number {
  const row = decode(length - 1);
  const gain = flopsOf({ shape, rows: [row] }) - flopsPerByte * keysOf(shape, row);
  return gain <= 0 ? 0 : Math.ceil((flopsPerByte * 4 * weightsOf(shape)) / gain - 1e-9);
}
