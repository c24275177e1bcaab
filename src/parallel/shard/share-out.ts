/** Which parameters of a model are gathered together: those of each unit, and the rest. */
import type { Parameter, ParameterTree } from "../../nn/index.ts";

/**
 * @returns the parameters of the model that are in no unit, and then those of each unit.
 * @throws RangeError for a unit that is not in the model, is given twice or lies in another one, and for a parameter that
 *   is used in two of them: it would be gathered at one time, and given up at another.
 */
export function shareOut(model: ParameterTree, units: readonly ParameterTree[]): readonly Parameter[][] {
  const paths = pathsOf(model, units);
  const owners = new Map<Parameter, number[]>();
  for (const [path, module] of model.namedModules()) {
    const inside = paths.flatMap((unit, i) => (path === unit || path.startsWith(`${unit}.`) ? [i] : []));
    if (inside.length > 1) throw new RangeError(`Unit ${paths[inside[1]]} lies in unit ${paths[inside[0]]}.`);
    const owner = inside.length > 0 ? inside[0] + 1 : 0;
    for (const parameter of module.ownParameters()) {
      const list = owners.get(parameter) ?? [];
      if (!list.includes(owner)) owners.set(parameter, [...list, owner]);
    }
  }
  for (const [name, parameter] of model.namedParameters()) {
    const list = owners.get(parameter) ?? [];
    if (list.length < 2) continue;
    const users = list.map((owner) => (owner === 0 ? "the rest of the model" : paths[owner - 1]));
    throw new RangeError(
      `${name} is shared by ${users.join(" and ")}, which are gathered at different times. Put them in one unit.`,
    );
  }
  const all = model.parameters();
  return [model, ...units].map((_, i) => all.filter((parameter) => owners.get(parameter)?.[0] === i));
}

/** Where each unit is in the model. */
function pathsOf(model: ParameterTree, units: readonly ParameterTree[]): readonly string[] {
  const modules = [...model.namedModules()];
  return units.map((unit, i) => {
    const path = modules.find(([, module]) => module === unit)?.[0];
    if (path === undefined || path === "") throw new RangeError(`Unit ${i} is no module inside the model.`);
    if (units.indexOf(unit) !== i) throw new RangeError(`${path} is given as a unit twice.`);
    return path;
  });
}
