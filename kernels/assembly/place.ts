// Writing into a part of a larger tensor: what a slice's gradient and a concatenation need; and multiplying by
// a number that lies in memory.
import { Ptr } from "./lanes";

function placeOf<T>(src: Ptr, dst: Ptr, n0: i32, n1: i32, n2: i32, n3: i32, d0: i32, d1: i32, d2: i32, d3: i32): void {
  const size = <i32>sizeof<T>(), row = <Ptr>(n3 * size);
  for (let i0 = 0; i0 < n0; i0++) for (let i1 = 0; i1 < n1; i1++) for (let i2 = 0; i2 < n2; i2++) {
    let p = dst + <Ptr>((i0 * d0 + i1 * d1 + i2 * d2) * size);
    if (d3 == 1) {
      memory.copy(p, src, row);
      src += row;
    } else for (let i = 0; i < n3; i++, src += sizeof<T>(), p += <Ptr>(d3 * size)) store<T>(p, load<T>(src));
  }
}

/** The same in f32, added to what is there. */
export function placeAdd(src: Ptr, dst: Ptr, n0: i32, n1: i32, n2: i32, n3: i32, d0: i32, d1: i32, d2: i32, d3: i32): void {
  for (let i0 = 0; i0 < n0; i0++) for (let i1 = 0; i1 < n1; i1++) for (let i2 = 0; i2 < n2; i2++) {
    let p = dst + <Ptr>((i0 * d0 + i1 * d1 + i2 * d2) * 4), i = 0;
    if (d3 == 1) for (; i + 4 <= n3; i += 4, src += 16, p += 16) v128.store(p, f32x4.add(v128.load(p), v128.load(src)));
    for (; i < n3; i++, src += 4, p += <Ptr>(d3 * 4)) store<f32>(p, load<f32>(p) + load<f32>(src));
  }
}

/** Element (i0, i1, i2, i3) of contiguous src goes to dst + i0 * d0 + ... elements of `size` bytes. */
export function place(size: i32, src: Ptr, dst: Ptr, n0: i32, n1: i32, n2: i32, n3: i32,
                      d0: i32, d1: i32, d2: i32, d3: i32): void {
  switch (size) {
    case 4: placeOf<u32>(src, dst, n0, n1, n2, n3, d0, d1, d2, d3); break;
    case 2: placeOf<u16>(src, dst, n0, n1, n2, n3, d0, d1, d2, d3); break;
    case 1: placeOf<u8>(src, dst, n0, n1, n2, n3, d0, d1, d2, d3); break;
  }
}

/** y = x * factor[0], n elements of f32. In place allowed. */
export function scaleBy(x: Ptr, factor: Ptr, y: Ptr, n: i32): void {
  const f = v128.load_splat<u32>(factor);
  let i = 0;
  for (; i + 4 <= n; i += 4, x += 16, y += 16) v128.store(y, f32x4.mul(v128.load(x), f));
  for (; i < n; i++, x += 4, y += 4) store<f32>(y, load<f32>(x) * load<f32>(factor));
}
