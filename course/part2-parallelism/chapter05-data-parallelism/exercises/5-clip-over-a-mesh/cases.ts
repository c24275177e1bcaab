// What 5.5 is tried on: meshes, whole gradients, which part of them a rank has, and what right and wrong norms are.
import { draws } from "worldsize/exercise";

/** An axis of a mesh, and its ranks; the last axis is the innermost one. */
export type Axes = readonly (readonly [name: string, size: number])[];

export interface Whole {
  readonly cut: readonly string[];
  /** Elements of the whole gradient; null where no rank has used the parameter. */
  readonly values: readonly number[] | null;
}

export interface Case {
  readonly about: string;
  readonly axes: Axes;
  readonly wholes: readonly Whole[];
  readonly most: number;
  readonly p: number;
}

/** Eighths from -4 to 4, none of them 0. */
function numbers(random: () => number, length: number): number[] {
  return Array.from({ length }, () => (1 + Math.floor(32 * random())) / (random() < 0.5 ? 8 : -8));
}

export function casesOf(seed: number, size: number): Case[] {
  const random = draws(seed);
  const outer = size % 2 === 0 ? size / 2 : 1;
  const grid = (a: string, b: string): Axes => [[a, outer], [b, size / outer]]; // biome-ignore format: one row
  const turned = (a: string, b: string): Axes => [[a, size / outer], [b, outer]]; // biome-ignore format: one row
  const known = [3, 4, ...Array.from({ length: size }, () => 0)].slice(0, Math.max(2, size));
  const named: Whole[] = [{ cut: ["tp"], values: known }, { cut: [], values: [12] }]; // biome-ignore format: one row
  const mixed: Whole[] = [
    { cut: ["dp", "tp"], values: numbers(random, 3 * size) },
    { cut: ["dp"], values: numbers(random, 5) },
    { cut: ["tp"], values: numbers(random, 7) },
    { cut: [], values: numbers(random, 2) },
    { cut: ["tp"], values: null },
    { cut: ["dp", "tp"], values: [2.5] }, // all ranks but one have no element of it
  ];
  const sharded: Whole[] = [
    { cut: ["shard"], values: numbers(random, 2 * size + 1) },
    { cut: ["shard"], values: numbers(random, 3) },
  ];
  const infinite: Whole[] = [{ cut: ["dp", "tp"], values: numbers(random, size).with(size - 1, Infinity) }, mixed[3]]; // biome-ignore format: one row
  const spoilt: Whole[] = [{ cut: ["tp"], values: [1, NaN] }, mixed[3]];
  const tp: Axes = [["tp", size]];
  return [
    { about: "[3], [4] and [12]", axes: tp, wholes: named, most: 1, p: 2 },
    { about: "[3], [4] and [12]", axes: tp, wholes: named, most: 1, p: 1 },
    { about: "[3], [4] and [12]", axes: tp, wholes: named, most: 6, p: Infinity },
    { about: "[3], [4] and [12]", axes: tp, wholes: named, most: 100, p: 2 },
    { about: "HSDP", axes: grid("replicate", "shard"), wholes: sharded, most: 0.5, p: 2 },
    { about: "parts along both axes", axes: grid("dp", "tp"), wholes: mixed, most: 2, p: 2 },
    { about: "parts along both axes", axes: turned("dp", "tp"), wholes: mixed, most: 2, p: 1 },
    { about: "parts along both axes", axes: grid("dp", "tp"), wholes: mixed, most: 2, p: Infinity },
    { about: "an infinite gradient", axes: grid("dp", "tp"), wholes: infinite, most: 1, p: 2 },
    { about: "a gradient that is NaN", axes: grid("dp", "tp"), wholes: spoilt, most: 1, p: 2 },
    { about: "nothing is cut", axes: grid("dp", "tp"), wholes: [mixed[3]], most: 0.25, p: 2 },
  ];
}

/** Where a rank stands on each axis. */
export function placesOf(axes: Axes, rank: number): number[] {
  let rest = rank;
  const places = [...axes].reverse().map(([, size]) => {
    const place = rest % size;
    rest = (rest - place) / size;
    return place;
  });
  return places.reverse();
}

/** A rank's part of a gradient: its run of elements among those of the axes that cut it. */
export function partOf({ cut, values }: Whole, axes: Axes, rank: number): number[] | null {
  if (!values) return null;
  const places = placesOf(axes, rank);
  let [index, parts] = [0, 1];
  for (const [i, [name, size]] of axes.entries()) {
    if (!cut.includes(name)) continue;
    index = index * size + places[i];
    parts *= size;
  }
  const each = Math.ceil(values.length / parts);
  return values.slice(index * each, (index + 1) * each);
}

/** Σ|x|ᵖ, or the largest. */
const powers = (values: readonly number[], p: number): number =>
  p === Infinity ? Math.max(0, ...values.map(Math.abs)) : values.reduce((sum, value) => sum + Math.abs(value) ** p, 0);

const rooted = (total: number, p: number): number => (p === 2 ? Math.sqrt(total) : total);

/** Joins what several have. */
const joined = (terms: readonly number[], p: number): number =>
  p === Infinity ? Math.max(0, ...terms) : terms.reduce((a, b) => a + b, 0);

/** The norm of all gradients. */
export function normOf({ wholes, p }: Case): number {
  return rooted(joined(wholes.map(({ values }) => powers(values ?? [], p)), p), p); // biome-ignore format: one row
}

/** What comes out where every rank's parts are added up over these axes, whether they are cut there or not. */
export function addedOver({ wholes, axes, p }: Case, rank: number, over: readonly string[]): number {
  const mine = placesOf(axes, rank);
  const size = axes.reduce((product, [, each]) => product * each, 1);
  const others = Array.from({ length: size }, (_, other) => other).filter((other) =>
    placesOf(axes, other).every((place, i) => place === mine[i] || over.includes(axes[i][0])),
  );
  const terms = others.flatMap((other) => wholes.map((whole) => powers(partOf(whole, axes, other) ?? [], p)));
  return rooted(joined(terms, p), p);
}

/** The sum of all gradients' own norms. */
export const sumOfNorms = ({ wholes, p }: Case): number =>
  wholes.reduce((sum, { values }) => sum + rooted(powers(values ?? [], p), p), 0);
