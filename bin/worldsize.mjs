#!/usr/bin/env node
// The command. A checkout that has not been built yet is built on first use.
import { existsSync } from "node:fs";

const built = new URL("../dist/cli.js", import.meta.url);
if (!existsSync(built)) {
  const { prepare } = await import("../tools/setup.mjs");
  await prepare({ development: false });
}
await import(built.href);
