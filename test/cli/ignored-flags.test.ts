/** A flag that nothing would read is refused: one sentence, exit code 2, and nothing is started. */
import { describe, it } from "vitest";
import { commandIn } from "../helpers/command.ts";

const worldsize = commandIn(process.cwd());

const hello = "hello-distributed";
const cases: [string, string][] = [
  [`run ${hello} --interleaving 3`, "--interleaving is for --transport local, where it orders the turns, and tcp,"],
  [`launch --transport shm --interleaving 3 ${hello}`, "--interleaving is for --transport local"],
  [
    `run ${hello} --transport local --streams threaded`,
    "--streams threaded gives each rank threads of its own, but over local",
  ],
  [`run ${hello} --inter-link 1GB/s,20us`, "Give --ranks-per-node fewer than 4, or --link."],
  [
    `run ${hello} --inter-link 1GB/s,20us --ranks-per-node 4`,
    "--inter-link is for links between nodes, but all ranks here are on one.",
  ],
  [`run ${hello} -n 1 --inter-link 1GB/s,20us`, "Leave it out."],
  [`launch --inter-link 1GB/s,20us ${hello}`, "--inter-link is for links between nodes"],
  [`launch --transport local --sockets unix ${hello}`, "--sockets is for ranks in processes of their own"],
  ["bench gemm --transport tcp", "--transport is for benches that send messages, and gemm sends none. Leave it out."],
  ["bench algorithms --transport shm", "bench algorithms runs over every transport."],
  ["bench algorithms --transport=shm", "worldsize run benchmark-algorithms --transport NAME"],
  ["list --jsn", "unknown option '--jsn'. (Did you mean --json?)"],
  [`run -n 2 ${hello}`, "The name comes before -n: worldsize run NAME -n 4"],
  ["bench --json gemm", "The name comes before --json: worldsize bench NAME --json"],
  ["list 3", "too many arguments"],
  ["check 3 --svg x.svg", "--svg draws one answer: give the number of one exercise"],
];

describe.concurrent("flags that would have no effect", () => {
  it.each(cases)("%s", async (line, message) => {
    const { status, out, err } = await worldsize(...line.split(" "));
    if (!err.includes(message) || err.trim().split("\n").length !== 1 || out !== "" || status !== 2) {
      throw new Error(`expected 2 and "${message}", but got ${status}, ${out.slice(0, 500)}${err}`);
    }
  });
});

describe.concurrent("the same flags where they have an effect", () => {
  it.each([
    `run ${hello} --transport local --interleaving 3`,
    `run ${hello} --inter-link 1GB/s,20us --ranks-per-node 2`,
    `launch --transport shm --streams threaded -n 1 ${hello}`,
  ])("%s", async (line) => {
    const { status, err } = await worldsize(...line.split(" "));
    if (status !== 0 || err !== "") throw new Error(`${status}: ${err}`);
  });
});
