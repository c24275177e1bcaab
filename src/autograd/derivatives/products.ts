/** Derivatives of matrix products: for C = A B, dA = dC Bᵀ and dB = Aᵀ dC. */
import type { Tensor } from "../../tensor/index.ts";
import { type Derivative, derivative, type Gradients } from "../derivative.ts";
import { sumTo } from "./sum-to.ts";

type MatmulArgs = readonly [a: Tensor, b: Tensor];

/** By operation. */
export const products: Readonly<Record<string, Derivative>> = {
  matmul: derivative({
    inputs: (args: MatmulArgs) => args,
    save: ([a, b], _y: Tensor, wants) => [wants(1) ? a : undefined, wants(0) ? b : undefined],
    backward: (c: Gradients<MatmulArgs>) => {
      const [{ shape: a }, { shape: b }] = c.args;
      // A vector was a row on the left, or a column on the right: so it is here.
      let dy = c.dy();
      if (a.length === 1) dy = dy.unsqueeze(b.length === 1 ? 0 : -2);
      if (b.length === 1) dy = dy.unsqueeze(-1);
      if (c.wants(0)) {
        const right = b.length === 1 ? c.saved(1).unsqueeze(0) : c.saved(1).transpose();
        c.give(0, sumTo(dy.matmul(right), a.length === 1 ? [1, ...a] : a).reshape(a));
      }
      if (c.wants(1)) {
        const left = a.length === 1 ? c.saved(0).unsqueeze(1) : c.saved(0).transpose();
        c.give(1, sumTo(left.matmul(dy), b.length === 1 ? [...b, 1] : b).reshape(b));
      }
    },
  }),
};
