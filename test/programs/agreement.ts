// Calls that do not agree, words that do not exist, parts that overlap: one case per run.
import { defineScript, functional as F, string, type Tensor } from "worldsize";

export default defineScript({
  about: "One way to disagree.",
  options: { wrong: string("", "which") },
  async main({ world, device, options, show }) {
    const { rank, size } = world;
    const last = rank === size - 1;
    const x = device.full([4], rank + 1);
    await world.barrier();
    switch (options.wrong) {
      case "algorithm":
        await world.allReduce(x, "sum", { algorithm: last ? "ring" : "tree" }); // algorithm
        return;
      case "algorithmAndNone":
        await world.allReduce(x, "sum", last ? { algorithm: "ring" } : {}); // algorithmAndNone
        return;
      case "list":
        await world.newGroup(last ? [size - 1] : [0]); // list
        return;
      case "listOrder":
        await world.newGroup(last ? [1, 0] : [0, 1]); // listOrder
        return;
      case "name":
        await world.split(0, rank, last ? "b" : "a"); // name
        return;
      case "gatherDType":
        await world.gather(rank === 0 ? device.zeros([4 * size]) : undefined, last ? device.zeros([4], "i32") : x); // gatherDType
        return;
      case "allToAllDType": {
        const dtype = last ? "i32" : "f32";
        await world.allToAll(device.zeros([size], dtype), device.zeros([size], dtype)); // allToAllDType
        return;
      }
      case "rowsRoom": {
        // The counts are on the device: rank 0 has no room for what it gets.
        const counts = device.full([size], 2, "i32");
        const room = device.zeros([rank === 0 ? 3 : 2 * size, 2]);
        await world.allToAllRows(room, device.zeros([2 * size, 2]), counts, device.zeros([size], "i32")); // rowsRoom
        return;
      }
      case "rowsNegative": {
        const counts = device.from(
          Int32Array.from({ length: size }, (_, i) => (last && i === 0 ? -1 : 1)),
          [size],
          "i32",
        );
        const room = device.zeros([size]);
        world.allToAllRows(room, device.zeros([size]), counts, device.zeros([size], "i32")).wait(); // rowsNegative
        await room.data();
        return;
      }
      case "rowsFailed": {
        // A kernel fails, and what was to make the counts right is passed over.
        const counts = device.full([size], -1, "i32");
        F.embedding({ table: device.zeros([2, 2]), index: device.full([1], last ? 7 : 0, "i32") });
        counts.copy_(device.full([size], 1, "i32"));
        const room = device.zeros([size]);
        world.allToAllRows(room, device.zeros([size]), counts, device.zeros([size], "i32")).wait(); // rowsFailed
        await room.data();
        return;
      }
      case "rowsTooMany": {
        const counts = device.full([size], 2, "i32");
        await world.allToAllRows(device.zeros([2 * size]), device.zeros([size]), counts, device.zeros([size], "i32")); // rowsTooMany
        return;
      }
      default: {
        // What is refused at once, on every rank alike: nothing has been called, so the job goes on.
        const u = untyped(world);
        const said = (name: string, body: () => unknown): void => {
          try {
            body();
            show.row({ name, said: "nothing" });
          } catch (error) {
            show.row({ name, said: `${(error as Error).name}: ${(error as Error).message}` });
          }
        };
        said("avg", () => u.allReduce(x, "avg"));
        said("SUM", () => u.allReduce(x, "SUM"));
        said("number", () => u.reduce(x, 0, 5));
        said("rign", () => u.allReduce(x, "sum", { algorithm: "rign" }));
        said("array", () => u.allReduce(new Float32Array(4)));
        said("undefined", () => u.broadcast(undefined));
        said("promise", () => u.send(Promise.resolve(x), 0));
        said("root", () => u.broadcast(x, "0"));
        said("tag", () => u.send(x, (rank + 1) % size, { tag: 1.5 }));
        said("dtype", () => (device as unknown as { zeros(...args: unknown[]): Tensor }).zeros([1], "float32"));
        const { buffer } = x;
        const part = { buffer, offset: -64, size: 4, dtype: "f32", shape: [4], isContiguous: true };
        said("below", () => u.allReduce(part));
        said("beyond", () => u.allReduce({ ...part, offset: 0, size: 400, shape: [400] }));
        said("twice", () => u.newGroup([0, 1, 0]));
        const y = device.zeros([size]);
        said("outputs", () =>
          u.allGather(
            Array.from({ length: size }, () => y),
            y,
          ),
        );
        said("byOne", () => {
          const z = device.zeros([2 * size]);
          u.allToAll(z.slice(0, 0, size), z.slice(0, 1, size + 1));
        });
        const [counts, rows] = [device.zeros([size], "i32"), device.zeros([2, 3])];
        said("rowsDType", () => u.allToAllRows(device.zeros([2, 3]), rows, device.zeros([size]), counts));
        said("rowsCounts", () => u.allToAllRows(device.zeros([2, 3]), rows, counts, device.zeros([size + 1], "i32")));
        said("rowsWidth", () => u.allToAllRows(device.zeros([2, 4]), rows, counts, device.zeros([size], "i32")));
        said("rowsSame", () => u.allToAllRows(rows, rows, counts, device.zeros([size], "i32")));
        said("capture", () => device.capture(() => void world.allReduce(x)));
        // In place where that makes sense: each rank's own piece of the output.
        const all = device.zeros([size]);
        all.slice(0, rank, rank + 1).fill_(rank + 1);
        await world.allGather(all, all.slice(0, rank, rank + 1));
        show.row({ name: "allGather in place", said: String(await all.toArray()) });
        const sum = device.full([size], 1);
        await world.reduceScatter(sum.slice(0, rank, rank + 1), sum);
        show.row({ name: "reduceScatter in place", said: String(await sum.slice(0, rank, rank + 1).item()) });
        const values = await world.allGatherObject({
          tensor: "wte",
          buffer: 1,
          isContiguous: 2,
          at: new URL("http://a/b"),
        });
        show.row({ name: "objects", said: JSON.stringify(values[0]) });
      }
    }
  },
});

type Calls = Record<string, (...args: unknown[]) => unknown>;

/** The group as a program sees it whose types nobody checks. */
function untyped(world: object): Calls {
  return new Proxy(world, {
    get:
      (group, name) =>
      (...args: unknown[]) =>
        (group as Calls)[name as string](...args),
  }) as Calls;
}
