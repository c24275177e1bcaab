import { fileURLToPath } from "node:url";
import { configDefaults, defineConfig } from "vitest/config";

/** Tests that need sockets with paths, which Windows has none of. */
const withPaths = ["test/platform/handshake.test.ts", "test/job/io-thread.test.ts"];

export default defineConfig({
  resolve: {
    alias: {
      "worldsize/draw": fileURLToPath(new URL("./src/draw/index.ts", import.meta.url)),
      "worldsize/sim": fileURLToPath(new URL("./src/sim/index.ts", import.meta.url)),
      "worldsize/models": fileURLToPath(new URL("./src/models/index.ts", import.meta.url)),
      "worldsize/serve": fileURLToPath(new URL("./src/serve/index.ts", import.meta.url)),
      "worldsize/load": fileURLToPath(new URL("./src/load/index.ts", import.meta.url)),
      "worldsize/files": fileURLToPath(new URL("./src/files.ts", import.meta.url)),
      "worldsize/parallel": fileURLToPath(new URL("./src/parallel/index.ts", import.meta.url)),
      "worldsize/data": fileURLToPath(new URL("./src/data/index.ts", import.meta.url)),
      "worldsize/exercise": fileURLToPath(new URL("./src/exercise/index.ts", import.meta.url)),
      worldsize: fileURLToPath(new URL("./src/index.ts", import.meta.url)),
    },
  },
  test: {
    include: ["test/**/*.test.ts"],
    exclude: [...configDefaults.exclude, ...(process.platform === "win32" ? withPaths : [])],
    globalSetup: "test/helpers/build.ts",
    pool: "forks",
    // Files share a process, and what they import: no file may leave anything behind in it.
    isolate: false,
    maxWorkers: 2,
    // Another BLAS rounds otherwise: tests that are not about it do without.
    // And threads are used again, but in tests that are about their ends (helpers/threads.ts) and in the long form.
    env: {
      WORLDSIZE_BLAS: process.env.WORLDSIZE_BLAS ?? "off",
      WORLDSIZE_THREADS: process.env.WORLDSIZE_THREADS ?? (process.env.WORLDSIZE_TEST_LONG ? "once" : "reused"),
    },
    setupFiles: "test/helpers/plain.ts",
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
