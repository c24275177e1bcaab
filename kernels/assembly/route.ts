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

/** chosen [k] (i32) = where the largest of `keys` are, largest first and of equal ones the lower; a NaN comes last. */
function choose(keys: Ptr, chosen: Ptr, experts: i32, k: i32): void {
  for (let j = 0; j < k; j++) {
    let best = -1, most: f32 = NaN;
    for (let e = 0; e < experts; e++) {
      const v = load<f32>(keys + <Ptr>e * 4);
      if (best >= 0 && !(v > most || (most != most && v == v))) continue;
      if (taken(chosen, j, e)) continue;
      best = e;
      most = v;
    }
    store<i32>(chosen + <Ptr>j * 4, best);
  }
}

/**
 * weight [k] = the softmax of the logits at the chosen experts: over all, or over the chosen ones, if `renormalize`.
 * `row` has room for the experts.
 */
function weigh(logits: Ptr, chosen: Ptr, weight: Ptr, experts: i32, k: i32, renormalize: i32, row: Ptr): void {
  const bytes = <Ptr>experts * 4, few = <Ptr>k * 4;
  if (renormalize) {
    for (let j: Ptr = 0; j < few; j += 4) store<f32>(row + j, load<f32>(logits + <Ptr>load<i32>(chosen + j) * 4));
    const share: f32 = 1 / expRow(row, row, few, 1, largest(row, few));
    for (let j: Ptr = 0; j < few; j += 4) store<f32>(weight + j, load<f32>(row + j) * share);
  } else {
    const share: f32 = 1 / expRow(logits, row, bytes, 1, largest(logits, bytes));
    for (let j: Ptr = 0; j < few; j += 4) {
      store<f32>(weight + j, load<f32>(row + <Ptr>load<i32>(chosen + j) * 4) * share);
    }
  }
}

/**
 * chosen [tokens, k] (i32) = the experts with the largest of logits [tokens, experts], largest first and of equal ones the
 * lower index; a NaN is chosen last. weight [tokens, k] = their softmax over all experts; over the chosen ones, if
 * `renormalize`. `row` has room for the experts.
 */
export function route(logits: Ptr, chosen: Ptr, weight: Ptr, tokens: i32, experts: i32, k: i32, renormalize: i32, row: Ptr): void {
  const bytes = <Ptr>experts * 4;
  for (let t = 0; t < tokens; t++, logits += bytes, chosen += <Ptr>k * 4, weight += <Ptr>k * 4) {
    choose(logits, chosen, experts, k);
    weigh(logits, chosen, weight, experts, k, renormalize, row);
  }
}

/**
 * route, but the experts are those with the largest softmax of the logits + bias [experts]: the bias decides who computes,
 * and not with which weight (Wang et al., "Auxiliary-Loss-Free Load Balancing Strategy for Mixture-of-Experts", 2024).
 */
export function routeBiased(logits: Ptr, bias: Ptr, chosen: Ptr, weight: Ptr, tokens: i32, experts: i32, k: i32,
                            renormalize: i32, row: Ptr): void {
  const bytes = <Ptr>experts * 4;
  for (let t = 0; t < tokens; t++, logits += bytes, chosen += <Ptr>k * 4, weight += <Ptr>k * 4) {
    const share: f32 = 1 / expRow(logits, row, bytes, 1, largest(logits, bytes));
    for (let e: Ptr = 0; e < bytes; e += 4) store<f32>(row + e, load<f32>(row + e) * share + load<f32>(bias + e));
    choose(row, chosen, experts, k);
    weigh(logits, chosen, weight, experts, k, renormalize, row);
  }
}

/** Whether choice a is kept before choice b: it weighs more, or as much and comes first. */
// @ts-ignore: decorator
@inline function before(weight: Ptr, a: i32, b: i32): bool {
  const x = load<f32>(weight + <Ptr>a * 4), y = load<f32>(weight + <Ptr>b * 4);
  return x > y || (x == y && a < b);
}

/** Puts a choice into a heap of `count` whose first is the one to be given up first. From place `at` downwards. */
function sink(heap: Ptr, count: i32, at: i32, choice: i32, weight: Ptr): void {
  for (;;) {
    let child = 2 * at + 1;
    if (child >= count) break;
    if (child + 1 < count && before(weight, load<i32>(heap + <Ptr>child * 4), load<i32>(heap + <Ptr>child * 4, 4))) child++;
    const other = load<i32>(heap + <Ptr>child * 4);
    if (before(weight, other, choice)) break;
    store<i32>(heap + <Ptr>at * 4, other);
    at = child;
  }
  store<i32>(heap + <Ptr>at * 4, choice);
}

/**
 * kept [tokens, k] (i32) = chosen, or `experts`, which is nobody, where an expert has more than `capacity` choices: those that
 * weigh most stay, of equal ones the first. Choices of tokens whose `real` is 0 are nobody's, and take no room. `heap` has
 * room for the capacity. Returns 0, or 1 + the first choice that is no expert.
 */
export function limitExperts(chosen: Ptr, weight: Ptr, real: Ptr, kept: Ptr, tokens: i32, experts: i32, k: i32, capacity: i32,
                             heap: Ptr): i32 {
  const n = tokens * k;
  for (let i = 0; i < n; i++) {
    const e = load<i32>(chosen + <Ptr>i * 4);
    if (<u32>e >= <u32>experts) return i + 1;
    store<i32>(kept + <Ptr>i * 4, load<f32>(real + <Ptr>(i / k) * 4) != 0 ? e : experts);
  }
  if (capacity >= n) return 0;
  for (let e = 0; e < experts; e++) {
    let count = 0;
    for (let i = 0; i < n; i++) {
      if (load<i32>(kept + <Ptr>i * 4) != e) continue;
      if (count < capacity) {
        store<i32>(heap + <Ptr>count * 4, i);
        count++;
        if (count == capacity)
          for (let at = count / 2 - 1; at >= 0; at--) sink(heap, count, at, load<i32>(heap + <Ptr>at * 4), weight);
        continue;
      }
      const last = load<i32>(heap);
      const gone = before(weight, i, last) ? last : i;
      if (gone == last) sink(heap, count, 0, i, weight);
      store<i32>(kept + <Ptr>gone * 4, experts);
    }
  }
  return 0;
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

/**
 * Sorts rows that came from ranks, each rank's sorted by expert: counts [ranks, experts] (i32) says how many there are of each.
 * starts [experts + 1] says where each expert's rows begin; order [room] which row lies at each place, place [room] where each
 * row went; what is behind the rows stays where it is. Returns 0, or 1 + the first rank with a count that cannot be.
 */
export function sortRuns(counts: Ptr, starts: Ptr, order: Ptr, place: Ptr, ranks: i32, experts: i32, room: i32): i32 {
  memory.fill(starts, 0, <Ptr>(experts + 1) * 4);
  let rows = 0;
  for (let r = 0; r < ranks; r++) {
    for (let e = 0; e < experts; e++) {
      const count = load<i32>(counts + <Ptr>(r * experts + e) * 4), end = starts + <Ptr>(e + 1) * 4;
      if (count < 0 || count > room - rows) return r + 1;
      rows += count;
      store<i32>(end, load<i32>(end) + count);
    }
  }
  for (let e = 0; e < experts; e++) {
    const end = starts + <Ptr>(e + 1) * 4;
    store<i32>(end, load<i32>(end) + load<i32>(starts + <Ptr>e * 4));
  }
  let row = 0;
  for (let r = 0; r < ranks; r++) {
    for (let e = 0; e < experts; e++) { // each start moves on to its end
      const next = starts + <Ptr>e * 4;
      let at = load<i32>(next);
      for (let left = load<i32>(counts + <Ptr>(r * experts + e) * 4); left > 0; left--, row++, at++) {
        store<i32>(order + <Ptr>at * 4, row);
        store<i32>(place + <Ptr>row * 4, at);
      }
      store<i32>(next, at);
    }
  }
  for (let e = experts; e > 0; e--) store<i32>(starts + <Ptr>e * 4, load<i32>(starts + <Ptr>(e - 1) * 4));
  store<i32>(starts, 0);
  for (; row < room; row++) {
    store<i32>(order + <Ptr>row * 4, row);
    store<i32>(place + <Ptr>row * 4, row);
  }
  return 0;
}
