/**
 * Parameters in a tree of modules. Fields are found as they are named, lists by their index:
 * `layers.0.attention.q.weight`.
 */
import { Parameter } from "./parameter.ts";

/** What has parameters, and what of that has parameters again, as its fields. */
export abstract class ParameterTree {
  #training = true;

  /** Whether it is being trained: dropout drops only then. */
  get training(): boolean {
    return this.#training;
  }

  /** Switches it, and what is in it, to training or away from it. */
  train(on = true): this {
    this.#training = on;
    for (const [, child] of this.children()) child.train(on);
    return this;
  }

  /** The same as train(false). */
  eval(): this {
    return this.train(false);
  }

  /** The modules in it, by name. */
  *children(): Generator<[name: string, module: ParameterTree]> {
    for (const [name, value] of fieldsOf(this)) if (value instanceof ParameterTree) yield [name, value];
  }

  /** The module itself, under an empty name, and all modules in it, by path. */
  *namedModules(path = ""): Generator<[path: string, module: ParameterTree]> {
    yield [path, this];
    for (const [name, child] of this.children()) yield* child.namedModules(path === "" ? name : `${path}.${name}`);
  }

  /** Its own parameters, without those of the modules in it. */
  ownParameters(): Parameter[] {
    return [...fieldsOf(this)].flatMap(([, value]) => (value instanceof Parameter ? value : []));
  }

  /** Its parameters and those of the modules in it, by path. One that is in two places comes once, at the first. */
  namedParameters(): Map<string, Parameter> {
    const found = new Map<string, Parameter>();
    const seen = new Set<Parameter>();
    const visit = (module: ParameterTree, path: string): void => {
      for (const [name, value] of fieldsOf(module)) {
        if (value instanceof ParameterTree) visit(value, `${path}${name}.`);
        if (!(value instanceof Parameter) || seen.has(value)) continue;
        seen.add(value);
        found.set(`${path}${name}`, value);
      }
    };
    visit(this, "");
    return found;
  }

  /** Its parameters, each once. */
  parameters(): Parameter[] {
    return [...this.namedParameters().values()];
  }

  /** Frees all gradients: they are null then. */
  zeroGrad(): void {
    for (const parameter of this.parameters()) parameter.grad = null;
  }

  /** Frees the parameters, and what else the modules in it have made for themselves. */
  dispose(): void {
    for (const [, child] of this.children()) child.dispose();
    for (const parameter of this.ownParameters()) parameter.dispose();
  }
}

/** Parameters and modules among the fields of a module, also those in lists. */
function* fieldsOf(module: object): Generator<[string, ParameterTree | Parameter]> {
  for (const [name, value] of Object.entries(module)) {
    const list: readonly unknown[] = Array.isArray(value) ? value : [value];
    for (const [i, each] of list.entries()) {
      if (!(each instanceof ParameterTree || each instanceof Parameter)) continue;
      yield [Array.isArray(value) ? `${name}.${i}` : name, each];
    }
  }
}
