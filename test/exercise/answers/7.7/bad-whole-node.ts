// Tensor parallelism over eight ranks, wherever they are.
export function choose({ devices }: { devices: number }) {
  return { layout: devices === 8 ? "tp8+sp" : `dp${devices / 8}.tp8+zero1+sp`, micro: 1 };
}
