/** Tables of rotary positions (Su et al., 2021), in float64 on the host and f32 on the device. */
import type { RotaryTables } from "../nn/index.ts";
import type { TensorDevice } from "../tensor/index.ts";
import type { DecoderConfig } from "./decoder-config.ts";

/** Radians per position of each pair of a head's elements. Llama 3's scaling stretches the slow ones. */
export function rotaryFrequencies({ headDim, ropeTheta, ropeScaling }: DecoderConfig): number[] {
  return Array.from({ length: headDim / 2 }, (_, i) => {
    const plain = ropeTheta ** ((-2 * i) / headDim);
    if (!ropeScaling) return plain;
    const { factor, lowFreqFactor, highFreqFactor, originalMaxPositions } = ropeScaling;
    const wavelength = (2 * Math.PI) / plain;
    if (wavelength < originalMaxPositions / highFreqFactor) return plain;
    if (wavelength > originalMaxPositions / lowFreqFactor) return plain / factor;
    const smooth = (originalMaxPositions / wavelength - lowFreqFactor) / (highFreqFactor - lowFreqFactor);
    return (1 - smooth) * (plain / factor) + smooth * plain;
  });
}

/** @returns f32 [positions, headDim / 2] each. */
export function rotaryTables(device: TensorDevice, config: DecoderConfig, positions: number): RotaryTables {
  const frequencies = rotaryFrequencies(config);
  const angles = Array.from({ length: positions * frequencies.length }, (_, i) => {
    return Math.floor(i / frequencies.length) * frequencies[i % frequencies.length];
  });
  const shape = [positions, frequencies.length];
  return { cos: device.from(angles.map(Math.cos), shape), sin: device.from(angles.map(Math.sin), shape) };
}
