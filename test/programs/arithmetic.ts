// Every reducing operation by every algorithm against float64, at values where arithmetic differs:
// near overflow, tiny, cancelling, not finite. The bound is that of the stated rule: terms added in
// f32 (integers exactly), one rounding to the dtype at the end.
import {
  allReduceAlgorithms,
  type Context,
  type DType,
  defineScript,
  type Operator,
  string,
  type Tensor,
} from "worldsize";

const limits = {
  f32: { max: 3.4028234663852886e38, digits: 24, least: 2 ** -149 },
  f16: { max: 65504, digits: 11, least: 2 ** -24 },
  bf16: { max: 3.3895313892515355e38, digits: 8, least: 2 ** -133 },
} as const;
const operators: readonly Operator[] = ["sum", "mean", "min", "max", "product"];
const dtypes: readonly DType[] = ["f32", "f16", "bf16", "i32", "u8"];

/** Rank r's numbers; columns are cases. */
function column(dtype: DType, operator: Operator, r: number, n: number): number[] {
  if (dtype === "u8") return [255, 200 - r, r, 7 * r, 1];
  if (dtype === "i32") return [2 ** 31 - 1, -(2 ** 31), r % 2 ? -7 : 6, 2 ** 30 + r, -1, r];
  const { max, least } = limits[dtype];
  const numbers = [1.5, r + 0.25, r % 2 ? -1.75 : 1.25, least, -least * (r + 1), Number.NaN, Infinity];
  numbers.push(r === 0 ? Number.NaN : 1, r === n - 1 ? -Infinity : 2, r === 0 ? Infinity : -Infinity);
  if (operator === "mean" || operator === "min" || operator === "max")
    numbers.push(max, -max, max / 2, r % 2 ? max : -max);
  if (operator === "sum" && dtype === "f16") numbers.push(r % 2 ? -60000 : 60000, 40000);
  if (operator !== "product")
    for (let i = 0; i < 40; i++) numbers.push(Math.sin(i * 31 + r * 17) * 10 ** ((i % 7) - 3));
  return numbers;
}

/** What it must be, and by how much it may differ. */
function wanted(values: readonly number[], operator: Operator, dtype: DType): [value: number, error: number] {
  const n = values.length;
  if (operator === "min" || operator === "max") return [Math[operator](...values), 0];
  if (dtype === "i32" || dtype === "u8") {
    const wrap = (x: bigint): number => Number(dtype === "u8" ? BigInt.asUintN(8, x) : BigInt.asIntN(32, x));
    const big = values.map(BigInt);
    if (operator === "product") return [wrap(big.reduce((a, b) => a * b, 1n)), 0];
    const sum = big.reduce((a, b) => a + b, 0n);
    return [operator === "mean" ? Number(sum / BigInt(n)) : wrap(sum), 0];
  }
  const { max, digits, least } = limits[dtype];
  const exact =
    operator === "product"
      ? values.reduce((a, b) => a * b, 1)
      : values.reduce((a, b) => a + (operator === "mean" ? b / n : b), 0);
  if (!Number.isFinite(exact)) return [exact, 0];
  const size =
    operator === "product"
      ? Math.abs(exact)
      : values.reduce((a, b) => a + Math.abs(operator === "mean" ? b / n : b), 0);
  const error = Math.abs(exact) * 2 ** -digits + (n + 1) * size * 2 ** -24 + least / 2 + n * 2 ** -149;
  return Math.abs(exact) > max * (1 + 2 ** -digits) ? [Math.sign(exact) * Infinity, 0] : [exact, error];
}

export default defineScript({
  about: "One arithmetic for every reduction.",
  options: { algorithms: string("", "separated by commas; all if empty") },
  async main({ world, device, options, show }: Context<{ algorithms: string }>) {
    const { rank, size } = world;
    const chosen = options.algorithms ? options.algorithms.split(",") : [...allReduceAlgorithms];
    let checked = 0;
    const bits = new Map<string, string>();
    for (const dtype of dtypes) {
      for (const operator of operators) {
        // What is put in is what the dtype holds: rounded once, here.
        const inputs: number[][] = [];
        for (let r = 0; r < size; r++) {
          using rounded = device.tensor(column(dtype, operator, r, size), dtype);
          inputs.push([...(await rounded.data())]);
        }
        const length = inputs[0].length;
        const check = async (tensor: Tensor, from: number, how: string) => {
          const got = await tensor.data();
          for (let i = 0; i < got.length; i++) {
            const values = inputs.map((each) => each[(from + i) % length]);
            const [value, error] = wanted(values, operator, dtype);
            checked++;
            if (Object.is(got[i], value) || got[i] === value || Math.abs(got[i] - value) <= error) continue;
            throw new Error(`${how} ${operator} of ${dtype} [${values}] is ${got[i]}, not ${value} within ${error}`);
          }
          const text = JSON.stringify([...got].map(String));
          if (how.startsWith("allReduce")) bits.set(`${how} ${operator} ${dtype}`, text);
        };
        for (const algorithm of chosen) {
          using x = device.tensor(inputs[rank], dtype);
          await world.allReduce(x, operator, { algorithm: algorithm as "ring" });
          await check(x, 0, `allReduce by ${algorithm}`);
        }
        using x = device.tensor(inputs[rank], dtype);
        await world.reduce(x, size - 1, operator);
        if (rank === size - 1) await check(x, 0, "reduce");
        else if (String([...(await x.data())]) !== String(inputs[rank]))
          throw new Error("reduce changed a rank that is not its root");
        // reduceScatter: rank p gets the numbers shifted by p, so every piece meets every case somewhere.
        const shifted = Array.from({ length: size }, (_, p) =>
          inputs[rank].map((_, i) => inputs[rank][(p + i) % length]),
        );
        using whole = device.tensor(shifted.flat(), dtype);
        using piece = device.zeros([length], dtype);
        await world.reduceScatter(piece, whole, operator);
        await check(piece, rank, "reduceScatter");
      }
    }
    const all = await world.allGatherObject([...bits.values()].join());
    if (new Set(all).size > 1) throw new Error("the ranks' results differ in their bits");
    show.row({ rank, checked });
  },
});
