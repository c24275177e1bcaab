/**
 * The files of a Hugging Face folder into a decoder with matrices of few bits, quantised while they are read: a piece of one
 * tensor at a time is on the device in the file's dtype and in f32, never the whole model.
 */
import { sizeOf } from "../../device/index.ts";
import type { Parameter } from "../../nn/index.ts";
import type { TensorDevice } from "../../tensor/index.ts";
import { Decoder } from "../decoder.ts";
import { QuantizedDecoder, type RowWriter } from "../quantized.ts";
import { copyBytes, fillOne, inLanes, PIECE, type Plan, parameterOf, positionsOf, withPlans } from "./load.ts";
import type { ModelFiles } from "./model-files.ts";
import { dtypeOf } from "./safetensors.ts";

/** How a model of few bits is read. */
export interface ReadQuantizedOptions {
  /** Of a weight; 8 if not given. */
  readonly bits?: 8 | 4;
  /** As of `readModelFrom`. */
  readonly positions?: number;
}

/** Rows are quantised by so many. */
const TOGETHER = 8;

/**
 * Reads what `quantizeModel` makes of the f32 model, to the last bit. It owns its model: disposing of it frees all.
 * @throws as readModelFrom and quantizeModel do.
 */
export async function readQuantizedFrom(
  device: TensorDevice,
  files: ModelFiles,
  { bits = 8, positions }: ReadQuantizedOptions = {},
): Promise<QuantizedDecoder> {
  return withPlans(files, async (config, plans) => {
    const model = new Decoder(device, config, { positions: positions ?? positionsOf(config), meta: true });
    let small: QuantizedDecoder | undefined;
    try {
      small = new QuantizedDecoder(model, bits, true);
      const [parameters, writers] = [model.namedParameters(), small.rowWriters()];
      await inLanes(plans, async (plan, buffer) => {
        const parameter = parameterOf(plan, parameters);
        const write = writers.get(parameter);
        if (write && parameter !== model.embed.weight) return writeRows(device, parameter, plan, write, buffer);
        parameter.storage.resize(parameter.size * sizeOf(parameter.dtype));
        await fillOne(parameter, plan, buffer);
        device.noGrad(() => write?.(parameter, 0));
      });
      return small;
    } catch (error) {
      (small ?? model).dispose();
      throw error;
    }
  });
}

/** Reads one parameter piece by piece, and gives its rows to who takes them. */
async function writeRows(
  device: TensorDevice,
  parameter: Parameter,
  plan: Plan,
  write: RowWriter,
  buffer: Uint8Array,
): Promise<void> {
  const { tensor, form } = plan;
  const { transposed, third } = form.stored;
  const dtype = dtypeOf(tensor.dtype)!;
  const [rows, columns = 1] = parameter.shape;
  if (transposed || third !== undefined) {
    using whole = device.noGrad(() => device.empty(parameter.shape, "f32", "scratch"));
    await fillOne(whole, plan, buffer);
    device.noGrad(() => write(whole, 0));
    return;
  }
  const line = columns * sizeOf(dtype);
  const most = Math.max(1, Math.floor(PIECE / line / TOGETHER)) * TOGETHER;
  for (let row = 0; row < rows; row += most) {
    const count = Math.min(most, rows - row);
    const shape = [count, ...parameter.shape.slice(1)];
    using piece = device.noGrad(() => device.empty(shape, dtype, "scratch"));
    const part = { ...tensor, offset: tensor.offset + row * line, bytes: count * line };
    await copyBytes(device, part, piece.ref(), buffer);
    device.noGrad(() =>
      device.scope(() => void write(dtype === "f32" ? piece : device.withTag("scratch", () => piece.to("f32")), row)),
    );
  }
}
