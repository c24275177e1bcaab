/** What a plan refuses, that nothing is allocated then, what parameters are afterwards, and models that never were whole. */
import { defineScript, Embedding, initialize, Linear, type ParameterTree, Sequential, type Tensor } from "worldsize";
import { Decoder, type DecoderConfig, llamaShape } from "worldsize/models";
import { columns, decoderPlan, Mesh, type Plan, rows, tensorParallel, vocabularyRows } from "worldsize/parallel";

const shape = { vocabularySize: 5, width: 16, layers: 1, heads: 8, ffnWidth: 16, maxPositions: 4 };

export default defineScript({
  about: "What plans refuse, and what they make of parameters.",
  async main({ world, device, show }) {
    const mesh = await Mesh.create(world, { tp: world.size });
    const config = llamaShape({ ...shape, kvHeads: 2 });
    const refuse = async (name: string, make: () => ParameterTree, plan?: () => Plan, axis = "tp"): Promise<void> => {
      const model = make();
      const before = device.memoryStats();
      const shapes = JSON.stringify(model.parameters().map((each) => [each.shape, each.part]));
      let error = "none";
      try {
        await tensorParallel(model, mesh, plan?.(), { axis });
      } catch (thrown) {
        error = `${(thrown as Error).name}: ${(thrown as Error).message}`;
      }
      const after = device.memoryStats();
      const untouched = shapes === JSON.stringify(model.parameters().map((each) => [each.shape, each.part]));
      show.row({ name, error, allocated: after.allocations - before.allocations, untouched });
      model.dispose();
    };
    const decoder = (changes: Partial<DecoderConfig>) => () => new Decoder(device, { ...config, ...changes });
    await refuse("heads", decoder({ heads: 6, headDim: 4 }));
    await refuse("heads of keys", decoder({ heads: 12, kvHeads: 6, headDim: 4 }));
    await refuse("hidden width", decoder({ ffnWidth: 18 }));
    await refuse("experts", decoder({ experts: 4, expertsPerToken: 2, ffnWidth: 18 }));
    const two = (): ParameterTree => new Sequential(device, new Linear(device, 4, 8), new Linear(device, 8, 4));
    await refuse("no such path", two, () => ({ "layers.7": columns() }));
    await refuse("no such axis", two, () => ({ "layers.0": columns() }), "cp");
    await refuse("another module", two, () => ({ "layers.*": vocabularyRows() }));
    await refuse("no plan", two);
    await refuse("twice in a plan", two, () => ({ "layers.0": columns(), "layers.*": rows() }));
    const once = await tensorParallel(two(), mesh, { "layers.0": columns() });
    await refuse("twice", () => once, () => ({ "layers.0": rows() })); // biome-ignore format: one call

    const model = await tensorParallel(new Decoder(device, config), mesh);
    const parts: Record<string, string> = {};
    for (const [name, { shape: own, part }] of model.namedParameters())
      parts[name] = JSON.stringify([own, part.from, part.axes, part.copies, part.partial]);
    show.row({ name: "parts", ...parts });

    // One that is cut without bytes begins with the values that the whole would have.
    const [whole, meta] = [new Decoder(device, config), new Decoder(device, config, { meta: true })];
    const bytes = device.memoryStats().byTag.parameters?.current ?? 0;
    await tensorParallel(meta, mesh);
    const cut = (device.memoryStats().byTag.parameters?.current ?? 0) - bytes;
    initialize(whole, 7);
    initialize(meta, 7);
    let equal = true;
    let elements = 0;
    for (const [name, { part, shape: own }] of whole.namedParameters()) {
      const parameter = meta.namedParameters().get(name) as Tensor & { part: typeof part };
      const whereof = parameter.part.from;
      const box = whereof.reduce(
        (x, from, axis) => x.slice(axis, from, from + parameter.shape[axis]),
        whole.namedParameters().get(name) as Tensor,
      );
      if (String(parameter.part.shape) !== String(own)) equal = false;
      if (JSON.stringify(await box.toArray()) !== JSON.stringify(await parameter.toArray())) equal = false;
      elements += parameter.size;
    }
    show.row({ name: "meta", cut, equal, elements });
    await call("tokens", 5, false);
    await call("rows", 4 * world.size, true);
    show.row({ name: "embedding", rows: (await lookUp(3)) ?? "none" });
    show.row({ name: "no word", rows: await lookUp(5) });

    async function call(name: string, tokens: number, some: boolean): Promise<void> {
      const cutModel = await tensorParallel(new Decoder(device, config), mesh, decoderPlan(config, { sequence: true }));
      const integers = (values: number[]): Tensor => device.tensor(values, "i32");
      const positions = integers(Array.from({ length: tokens }, (_, i) => i % 4));
      const starts = integers(Array.from({ length: Math.ceil(tokens / 4) + 1 }, (_, i) => Math.min(tokens, 4 * i)));
      const batch = { tokens: integers(Array(tokens).fill(1)), positions, starts };
      let error = "none";
      try {
        cutModel.call(batch, undefined, some ? integers([0]) : undefined);
      } catch (thrown) {
        error = (thrown as Error).message;
      }
      show.row({ name, error });
    }

    async function lookUp(word: number): Promise<string> {
      const table = await tensorParallel(new Embedding(device, 5, 2), mesh, { "": vocabularyRows() });
      const row = table.call(device.tensor([0, word], "i32"));
      try {
        return JSON.stringify((await row.toArray()) !== null);
      } catch (error) {
        return (error as Error).message;
      }
    }
  },
});
