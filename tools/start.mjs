// `npm start`: sets up, checks the machine, runs the first distributed program.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { prepare } from "./setup.mjs";

const command = fileURLToPath(new URL("../bin/worldsize.mjs", import.meta.url));

function worldsize(...args) {
  const { status } = spawnSync(process.execPath, [command, ...args], { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}

await prepare({ development: false });
console.log("\nWhat this machine has:\n");
worldsize("verify");
console.log("\nFour ranks say hello:\n");
worldsize("run", "hello-distributed");
console.log(`
It works. Try next:

  npx worldsize learn                         the exercises, one after the other, checked as you save
  npx worldsize list                          all scripts, chapter by chapter
  npx worldsize figure ring-all-reduce        a figure of the course, drawn from a run
  npx worldsize run collective-cheatsheet     every collective, before and after
  npx worldsize run send-recv-basic --deadlock   a deadlock that explains itself

and read the course: course/README.md, then course/part1-distributed/chapter01-first-program/README.md.
`);
