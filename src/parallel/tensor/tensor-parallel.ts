/**
 * Tensor parallelism by a plan, as torch's parallelize_module: modules are told by their paths how their weights are cut and
 * which types change before and after them. The model is changed in place: same modules, same parameters, same names.
 */
import { Decoder } from "../../models/index.ts";
import { Module, type Parameter, type ParameterTree } from "../../nn/index.ts";
import type { ProcessGroup } from "../../world/index.ts";
import type { Mesh } from "../mesh.ts";
import { DecoderStages } from "../pipeline/stages.ts";
import { decoderPlan } from "./decoder-plan.ts";
import { cutParameter } from "./shares.ts";
import type { AnyModule, Place, Plan, Prepared, Style } from "./style.ts";

/** How a plan is applied. */
export interface TensorParallelOptions {
  /** Axis of the mesh: "tp", if not given. */
  readonly axis?: string;
  /** Whether tokens are cut along the axis outside attention and MLPs (Korthikanti et al., 2022). */
  readonly sequence?: boolean;
}

/** A style at a place. */
interface Applied {
  readonly style: Style;
  readonly place: Place;
  readonly module: AnyModule;
  readonly prepared: Prepared;
}

/**
 * Cuts a model among the ranks along an axis of a mesh; all of them call it alike, before optimizers are made. Parameters
 * that no style names stay whole.
 * @param plan of a Decoder that of its form, if not given.
 * @returns the model.
 * @throws RangeError, before anything is allocated, for numbers that cannot be shared out, for a path that no module has, and
 *   for a parameter that was cut along this axis before; TypeError for a style that does not fit its module.
 */
export async function tensorParallel<M extends ParameterTree>(
  model: M,
  mesh: Mesh,
  plan?: Plan,
  { axis = "tp", sequence = false }: TensorParallelOptions = {},
): Promise<M> {
  const group = mesh.group(axis);
  const applied = prepareAll(model, plan ?? planOf(model, sequence), { group, axis, sequence });
  const groups = await groupsOfCopies(applied, group);
  for (const { prepared } of applied) {
    for (const cut of prepared.cuts ?? []) cutParameter(cut, axis);
    for (const parameter of prepared.partial ?? [])
      parameter.describe({ partial: [...new Set([...parameter.part.partial, axis])] });
  }
  // What computes in a module's place comes first, since what surrounds it later lies around it.
  for (const kind of ["weights", "input", "output"] as const)
    for (const { style, prepared } of applied)
      if (style.kind === kind) prepared.apply?.(groups.get(prepared.copies ?? 1));
  return model;
}

function planOf(model: ParameterTree, sequence: boolean): Plan {
  if (model instanceof Decoder) return decoderPlan(model.config, { sequence });
  if (model instanceof DecoderStages) return planOfStages(model, sequence);
  throw new TypeError(`A ${model.constructor.name} has no plan of its own. Give one: { "layers.0": columns() }.`);
}

/** Of a decoder's plan, what is for modules that these stages have. Tokens are counted by whoever cuts micro-batches. */
function planOfStages(stages: DecoderStages, sequence: boolean): Plan {
  const paths = [...stages.namedModules()].map(([path]) => path);
  const plan = Object.entries(decoderPlan(stages.config, { sequence }));
  return Object.fromEntries(plan.filter(([pattern]) => pattern !== "" && paths.some((path) => matches(pattern, path))));
}

/** All styles at their places, checked. */
function prepareAll(
  model: ParameterTree,
  plan: Plan,
  common: Pick<Place, "group" | "axis" | "sequence">,
): readonly Applied[] {
  const modules = new Map(model.namedModules());
  const applied: Applied[] = [];
  const kinds = new Set<string>();
  for (const [pattern, given] of Object.entries(plan)) {
    const paths = [...modules.keys()].filter((path) => matches(pattern, path));
    if (paths.length === 0) {
      throw new RangeError(
        `The plan says something of ${JSON.stringify(pattern)}, and the model has no such module. It has ${someOf([...modules.keys()])}.`,
      );
    }
    for (const path of paths) {
      const module = modules.get(path);
      if (!(module instanceof Module)) throw new TypeError(`${path} is no Module, so that nothing can surround it.`);
      for (const style of (Array.isArray(given) ? given : [given]) as readonly Style[]) {
        const key = `${path} ${style.kind}`;
        if (kinds.has(key)) throw new RangeError(`The plan says twice what becomes of the ${style.kind} of ${path}.`);
        kinds.add(key);
        const parent = path === "" ? undefined : modules.get(path.slice(0, Math.max(0, path.lastIndexOf("."))));
        const place: Place = { ...common, path, parent: parent ?? parentOf(path, modules) };
        applied.push({ style, place, module, prepared: style.prepare(module, place) });
      }
    }
  }
  checkOnce(applied, common.axis);
  return applied;
}

/** Lists are fields, and no modules: the parent of `layers.0` is the model. */
function parentOf(path: string, modules: ReadonlyMap<string, ParameterTree>): ParameterTree | undefined {
  for (let steps = path.split(".").slice(0, -1); ; steps = steps.slice(0, -1)) {
    const found = modules.get(steps.join("."));
    if (found || steps.length === 0) return found;
  }
}

/** Whether a path is one of those that a pattern means. */
function matches(pattern: string, path: string): boolean {
  const [steps, names] = [pattern.split("."), path.split(".")];
  return steps.length === names.length && steps.every((step, i) => step === "*" || step === names[i]);
}

/** No parameter is cut twice along an axis, by one plan or by two. */
function checkOnce(applied: readonly Applied[], axis: string): void {
  const seen = new Set<Parameter>();
  for (const { place, prepared } of applied) {
    for (const { parameter } of prepared.cuts ?? []) {
      if (seen.has(parameter)) throw new RangeError(`The plan cuts a parameter of ${place.path} twice.`);
      seen.add(parameter);
      if (parameter.part.axes.includes(axis))
        throw new RangeError(
          `A parameter of ${place.path} was cut along ${axis} before: a model is made parallel along an axis once.`,
        );
    }
  }
}

/** Groups of neighbors that have the same parameters, by how many they are. All ranks make them in the same order. */
async function groupsOfCopies(applied: readonly Applied[], group: ProcessGroup): Promise<Map<number, ProcessGroup>> {
  const sizes = [...new Set(applied.map(({ prepared }) => prepared.copies ?? 1))].filter((copies) => copies > 1);
  const groups = new Map<number, ProcessGroup>();
  for (const copies of sizes.sort((a, b) => a - b)) {
    const color = Math.floor(group.rank / copies);
    const made = await group.split(color, group.rank, `copies-${copies}-${color}`);
    groups.set(copies, made as ProcessGroup); // every rank has a color
  }
  return groups;
}

function someOf(paths: readonly string[]): string {
  const named = paths.filter((path) => path !== "");
  return named.length > 8 ? `${named.slice(0, 8).join(", ")}, …` : named.join(", ") || "none";
}
