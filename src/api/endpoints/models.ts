/** GET /v1/models */
import type { Asking } from "./asking.ts";

/** All models: the one. */
export function models({ model }: Asking): object {
  return { object: "list", data: [cardOf(model)] };
}

/** One model. @throws ApiError 404 for another. */
export function modelNamed(asking: Asking, name: string): object {
  asking.checkModel(name);
  return cardOf(asking.model);
}

function cardOf({ name, created, positions }: Asking["model"]): object {
  return { id: name, object: "model", created, owned_by: "worldsize", max_model_len: positions };
}
