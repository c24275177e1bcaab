/** What a strategy works along: a group of ranks, or axes of a mesh; and what these are called in a parameter's part. */
import type { ProcessGroup } from "../../world/index.ts";
import type { Mesh } from "../mesh.ts";

/** Axes of a mesh, taken together. */
export interface MeshAxes {
  readonly mesh: Mesh;
  /** In the mesh's order; several need to be a view of it. */
  readonly axes: readonly string[];
}

/** A group of ranks, or axes of a mesh. */
export type Along = ProcessGroup | MeshAxes;

/** The ranks along something. */
export function groupAlong(along: Along): ProcessGroup {
  return "mesh" in along ? along.mesh.group(...along.axes) : along;
}

/** Names of its axes: a group alone is one axis, "dp". */
export function axesAlong(along: Along): readonly string[] {
  return "mesh" in along ? along.axes : ["dp"];
}
