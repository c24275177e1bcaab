// jax-js on its WASM backend.
import { blockUntilReady, defaultDevice, init, numpy as np, random } from "@jax-js/jax";
import { size, time } from "./timing.mjs";

await init("wasm");
defaultDevice("wasm");

await time({
  async gemm() {
    const [a, b] = [random.uniform(random.key(1), [size, size]), random.uniform(random.key(2), [size, size])];
    await blockUntilReady([a.ref, b.ref]);
    return async () => {
      const c = np.matmul(a.ref, b.ref);
      await blockUntilReady(c.ref);
      c.dispose();
    };
  },
});
