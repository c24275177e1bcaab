// Times one call for several sizes of the whole buffer, best of three rounds: what the benches of pieces share.
import type { Context, Tensor, Work } from "worldsize";

/** @param cases BYTESxITERATIONS, separated by commas. @param call with the whole buffer and this rank's piece of it. */
export async function timePieces(
  { world, device, show, now }: Pick<Context, "world" | "device" | "show" | "now">,
  cases: string,
  call: (whole: Tensor, piece: Tensor) => Work<unknown>,
): Promise<void> {
  for (const text of cases.split(",")) {
    const [bytes, iterations] = text.split("x").map(Number);
    const whole = device.zeros([bytes / 4]);
    const piece = device.zeros([bytes / 4 / world.size]);
    for (let i = 0; i < iterations / 4 + 1; i++) await call(whole, piece);
    let best = Infinity;
    for (let round = 0; round < 3; round++) {
      await world.barrier();
      const start = now();
      for (let i = 0; i < iterations; i++) await call(whole, piece);
      best = Math.min(best, (now() - start) / iterations);
    }
    if (world.rank === 0) show.row({ bytes, seconds: best / 1e3 });
    whole.dispose();
    piece.dispose();
  }
}
