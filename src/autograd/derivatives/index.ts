/** All derivatives, by the name of the operation; null for what has none by its nature, such as a comparison. */

import { custom } from "../custom.ts";
import type { Derivative } from "../derivative.ts";
import { elementwise } from "./elementwise.ts";
import { network } from "./network.ts";
import { products } from "./products.ts";
import { reductions } from "./reductions.ts";
import { views } from "./views.ts";

export const derivatives: Readonly<Record<string, Derivative | null>> = {
  ...elementwise,
  ...views,
  ...reductions,
  ...products,
  ...network,
  ...custom,
};
