// Routing of a mixture of experts (Shazeer et al., 2017; Jiang et al., "Mixtral", 2024): each token goes to the
// experts with the largest logits, and tokens are sorted by expert so that an expert's rows lie together.
import { Ptr } from "./lanes";
import { largest } from "./rows";
import { expRow } from "./sweep";

/** Whether one of `count` earlier choices was this one. */
// @ts-ignore: decorator
@inline function taken(chosen: Ptr, count: i32, e: i32): bool {
  for (let j = 0; j < count; j++) if (load<i32>(chosen + <Ptr>j * 4) == e) return true;
  return false;
}

/**
 * chosen [tokens, k] (i32) = the experts with the largest of logits [tokens, experts], largest first and of equal ones the
 * lower index; a NaN is chosen last. weight [tokens, k] = their softmax over all experts; over the chosen ones, if
 * `renormalize`. `row` has room for the experts.
 */
export function route(logits: Ptr, chosen: Ptr, weight: Ptr, tokens: i32, experts: i32, k: i32, renormalize: i32, row: Ptr): void {
  const bytes = <Ptr>experts * 4;
  for (let t = 0; t < tokens; t++, logits += bytes, chosen += <Ptr>k * 4, weight += <Ptr>k * 4) {
    for (let j = 0; j < k; j++) {
      let best = -1, most: f32 = NaN;
      for (let e = 0; e < experts; e++) {
        const v = load<f32>(logits + <Ptr>e * 4);
        if (best >= 0 && !(v > most || (most != most && v == v))) continue;
        if (taken(chosen, j, e)) continue;
        best = e;
        most = v;
      }
      store<i32>(chosen + <Ptr>j * 4, best);
    }
    if (renormalize) {
      for (let j: Ptr = 0; j < <Ptr>k; j++) store<f32>(row + j * 4, load<f32>(logits + <Ptr>load<i32>(chosen + j * 4) * 4));
      const share: f32 = 1 / expRow(row, row, <Ptr>k * 4, 1, load<f32>(row));
      for (let j: Ptr = 0; j < <Ptr>k; j++) store<f32>(weight + j * 4, load<f32>(row + j * 4) * share);
    } else {
      const share: f32 = 1 / expRow(logits, row, bytes, 1, largest(logits, bytes));
      for (let j: Ptr = 0; j < <Ptr>k; j++) {
        store<f32>(weight + j * 4, load<f32>(row + <Ptr>load<i32>(chosen + j * 4) * 4) * share);
      }
    }
  }
}

/**
 * dlogits [tokens, experts] from dweight [tokens, k]: with g = dweight at the chosen experts and 0 elsewhere, and p the
 * softmax that weights were taken from, p * (g - sum(g * p)). Returns 0, or 1 + the first token that chose no expert.
 */
export function routeBackward(logits: Ptr, chosen: Ptr, weight: Ptr, dweight: Ptr, dlogits: Ptr,
                              tokens: i32, experts: i32, k: i32, renormalize: i32): i32 {
  const bytes = <Ptr>experts * 4, few = <Ptr>k * 4;
  for (let t = 0; t < tokens; t++, logits += bytes, dlogits += bytes, chosen += few, weight += few, dweight += few) {
    let sum: f32 = 0;
    for (let j: Ptr = 0; j < few; j += 4) if (load<u32>(chosen + j) >= <u32>experts) return t + 1;
    for (let j: Ptr = 0; j < few; j += 4) sum += load<f32>(weight + j) * load<f32>(dweight + j);
    if (renormalize) memory.fill(dlogits, 0, bytes);
    else {
      const share: f32 = 1 / expRow(logits, dlogits, bytes, 1, largest(logits, bytes));
      for (let e: Ptr = 0; e < bytes; e += 4) store<f32>(dlogits + e, load<f32>(dlogits + e) * share * -sum);
    }
    for (let j: Ptr = 0; j < few; j += 4) {
      const at = dlogits + <Ptr>load<i32>(chosen + j) * 4, w = load<f32>(weight + j);
      store<f32>(at, renormalize ? w * (load<f32>(dweight + j) - sum) : load<f32>(at) + w * load<f32>(dweight + j));
    }
  }
  return 0;
}

/**
 * Sorts n choices of experts by expert, those of one expert in the order in which they came: starts [experts + 1] (i32)
 * says where each expert's begin, order [n] which choice lies at each place, place [n] where each choice went.
 * Returns 0, or 1 + the first choice that is no expert.
 */
export function sortByExpert(chosen: Ptr, starts: Ptr, order: Ptr, place: Ptr, n: i32, experts: i32): i32 {
  memory.fill(starts, 0, <Ptr>(experts + 1) * 4);
  for (let i = 0; i < n; i++) {
    const e = load<i32>(chosen + <Ptr>i * 4);
    if (<u32>e >= <u32>experts) return i + 1;
    const count = starts + <Ptr>(e + 1) * 4;
    store<i32>(count, load<i32>(count) + 1);
  }
  for (let e = 0; e < experts; e++) {
    const next = starts + <Ptr>(e + 1) * 4;
    store<i32>(next, load<i32>(next) + load<i32>(starts + <Ptr>e * 4));
  }
  for (let i = 0; i < n; i++) { // each start moves on to its end
    const next = starts + <Ptr>load<i32>(chosen + <Ptr>i * 4) * 4, at = load<i32>(next);
    store<i32>(order + <Ptr>at * 4, i);
    store<i32>(place + <Ptr>i * 4, at);
    store<i32>(next, at + 1);
  }
  for (let e = experts; e > 0; e--) store<i32>(starts + <Ptr>e * 4, load<i32>(starts + <Ptr>(e - 1) * 4));
  store<i32>(starts, 0);
  return 0;
}
