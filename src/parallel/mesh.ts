/**
 * A mesh: the ranks of a group, arranged along named axes, each of them a kind of parallelism. Along an axis a rank belongs to
 * a group of the ranks that differ from it in that axis alone. The last axis is the innermost: its ranks are neighbors.
 * torch.distributed's DeviceMesh is the same arrangement.
 */
import type { ProcessGroup } from "../world/index.ts";

/** Sizes of a mesh by the names of its axes, the outermost first. */
export type MeshShape = Readonly<Record<string, number>>;

/** Ranks along named axes, and the groups along them. */
export class Mesh {
  /** All its ranks, in their order along the axes. */
  readonly world: ProcessGroup;
  /** Names, the outermost first. */
  readonly axes: readonly string[];
  readonly #shape: MeshShape;
  readonly #groups: ReadonlyMap<string, ProcessGroup>;

  private constructor(world: ProcessGroup, shape: MeshShape, groups: ReadonlyMap<string, ProcessGroup>) {
    this.world = world;
    this.axes = Object.keys(shape);
    this.#shape = shape;
    this.#groups = groups;
  }

  /**
   * Arranges a group's ranks; all of them call it alike.
   * @param shape such as { dp: 2, tp: 4 }; the sizes' product is the group's size.
   * @param views axes that are also taken together, as one group each: [["dp", "cp"]] for what both cut the batch of.
   * @throws RangeError, before any group is made, for sizes that do not multiply to the group's, and for names of views
   *   that are no axes, or not in the mesh's order.
   */
  static async create(
    world: ProcessGroup,
    shape: MeshShape,
    views: readonly (readonly string[])[] = [],
  ): Promise<Mesh> {
    const axes = Object.keys(shape);
    checkShape(shape, world.size);
    for (const view of views) checkView(view, axes);
    const wanted = [...axes.map((axis) => [axis]), ...views];
    const groups = new Map<string, ProcessGroup>();
    for (const view of wanted) {
      const key = keyOf(view);
      if (groups.has(key)) continue;
      if (view.length === axes.length) groups.set(key, world);
      else groups.set(key, await groupAlong(world, shape, view));
    }
    return new Mesh(world, { ...shape }, groups);
  }

  /** Ranks along an axis, or along several taken together. @throws RangeError for what is no axis. */
  size(...axes: readonly string[]): number {
    checkView(axes, this.axes);
    return axes.reduce((product, axis) => product * this.#shape[axis], 1);
  }

  /** This rank's place along an axis, or along several taken together. */
  coordinate(...axes: readonly string[]): number {
    checkView(axes, this.axes);
    const place = placeOf(this.#shape, this.world.rank);
    return axes.reduce((index, axis) => index * this.#shape[axis] + place[axis], 0);
  }

  /**
   * The ranks that differ from this one in these axes alone, in their order along them.
   * @throws RangeError for axes that are no view of this mesh: several are named when it is created.
   */
  group(...axes: readonly string[]): ProcessGroup {
    checkView(axes, this.axes);
    const group = this.#groups.get(keyOf(axes));
    if (group) return group;
    throw new RangeError(
      `This mesh has no view ${axes.join(" × ")}. Name it when the mesh is created: Mesh.create(world, shape, [[${axes.map((axis) => JSON.stringify(axis)).join(", ")}]]).`,
    );
  }

  /** The axes along which a group of this mesh has its ranks; none for a group that is not of this mesh. */
  axesOf(group: ProcessGroup): readonly string[] {
    for (const [key, each] of this.#groups) if (each === group) return key.split(" ");
    return [];
  }

  /** Such as "dp 2 × tp 4". */
  toString(): string {
    return textOf(this.#shape);
  }
}

/** Coordinates of a rank by axis: the last axis is the innermost. */
function placeOf(shape: MeshShape, rank: number): Record<string, number> {
  const place: Record<string, number> = {};
  let left = rank;
  for (const axis of Object.keys(shape).reverse()) {
    place[axis] = left % shape[axis];
    left = Math.floor(left / shape[axis]);
  }
  return place;
}

/** Cuts the group: the color is the place along the other axes, the key the place along these. */
async function groupAlong(world: ProcessGroup, shape: MeshShape, view: readonly string[]): Promise<ProcessGroup> {
  const place = placeOf(shape, world.rank);
  let [color, key] = [0, 0];
  for (const [axis, size] of Object.entries(shape)) {
    if (view.includes(axis)) key = key * size + place[axis];
    else color = color * size + place[axis];
  }
  const group = await world.split(color, key, `${view.join("-")}-${color}`);
  return group as ProcessGroup; // every rank has a color
}

function keyOf(axes: readonly string[]): string {
  return axes.join(" ");
}

function textOf(shape: MeshShape): string {
  return Object.entries(shape)
    .map(([axis, size]) => `${axis} ${size}`)
    .join(" × ");
}

function checkShape(shape: MeshShape, ranks: number): void {
  const sizes = Object.entries(shape);
  if (sizes.length === 0) throw new RangeError("A mesh has at least one axis, such as { dp: 2 }.");
  for (const [axis, size] of sizes) {
    if (axis === "" || /\s/.test(axis)) throw new RangeError(`${JSON.stringify(axis)} is no name for an axis.`);
    if (!Number.isSafeInteger(size) || size < 1) {
      throw new RangeError(`Axis ${axis} has ${size} ranks, and needs a whole number from 1.`);
    }
  }
  const product = sizes.reduce((all, [, size]) => all * size, 1);
  if (product === ranks) return;
  throw new RangeError(
    `A mesh of ${textOf(shape)} has ${product} ranks, but the group has ${ranks}. Their numbers must be equal.`,
  );
}

function checkView(view: readonly string[], axes: readonly string[]): void {
  const places = view.map((axis) => axes.indexOf(axis));
  const missing = view.find((_, i) => places[i] < 0);
  if (missing !== undefined) {
    throw new RangeError(`This mesh has no axis ${JSON.stringify(missing)}; it has ${axes.join(", ")}.`);
  }
  if (view.length > 0 && places.every((place, i) => i === 0 || place > places[i - 1])) return;
  throw new RangeError(
    `Axes are named once each, in the mesh's order ${axes.join(", ")}; these are ${view.join(", ") || "none"}.`,
  );
}
