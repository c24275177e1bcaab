/** What the text shows as printed, and the programs that print it: blocks with no command directly above them. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { commandIn } from "../../helpers/command.ts";
import { typed } from "../../helpers/typed.ts";

/** A block by how it begins, and what prints it. */
export interface Printing {
  readonly block: RegExp;
  print(): Promise<string>;
}

/** What programs printed, each run once. */
const printed = new Map<string, Promise<string>>();

/** Runs a program whose call stands in the line that the text names. @param body of main, from that line on. */
function printedBy(command: string, name: string, line: number, body: string): Promise<string> {
  const known = printed.get(body) ?? printBy(command, name, line, body);
  printed.set(body, known);
  return known;
}

async function printBy(command: string, name: string, line: number, body: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "worldsize-printed-"));
  const head = `import { defineScript } from "worldsize"; export default defineScript({ about: "", async main({ world, device, store, sleep }) {`;
  writeFileSync(join(folder, name), `${head}${"\n".repeat(line - 1)}${body}\n} });\n`);
  try {
    return (await typed(command, { quick: false, files: new Map([[name, join(folder, name)]]) })).text;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export const printings: readonly Printing[] = [
  {
    block: /^rank 3 was killed by SIGKILL while rank 0 waits in allReduce\(sum, f32\[4\]\) \(train\.ts:41\)/,
    print: () =>
      printedBy(
        "worldsize launch -n 4 train.ts",
        "train.ts",
        41,
        `const sum = world.rank < 3 && world.allReduce(device.zeros([4]));
        await store.barrier("called", 4);
        if (world.rank === 3) await sleep(500); // until all have said that they wait
        if (world.rank === 3) process.kill(process.pid, "SIGKILL");
        await sum;`,
      ),
  },
  {
    block: /^rank 2 │ Hello from rank 2 of 4.*\n.*\n…/,
    print: async () => (await typed("worldsize run hello-distributed")).text,
  },
  {
    block:
      /^Deadlock: each of these ranks waits for another one.*\n {2}rank 0 waits for rank 1.*\n {2}rank 1 .* send\(/,
    print: async () => (await typed("worldsize run send-recv-basic --deadlock")).text,
  },
  {
    block:
      /^Deadlock: each of these ranks waits for another one.*\n {2}rank 0 waits for rank 1.*\n {2}rank 1 .* recv\(/,
    print: async () => (await typed("worldsize run send-recv-basic --wrong")).text,
  },
  {
    block: /^rank 0 writes to a buffer that send\(f32\[4\]\) to rank 1 \(program\.ts:12\)/,
    print: () =>
      printedBy(
        "worldsize run program.ts -n 2",
        "program.ts",
        12,
        `const x = device.zeros([4]); const work = world.rank === 0 ? world.send(x, 1) : world.recv(x, 0);
        if (world.rank === 0) x.fill_(7);
        await work;`,
      ),
  },
  {
    block: /^failed {2}3\.3 ring-all-reduce: bytes sent/,
    async print() {
      const folder = mkdtempSync(join(tmpdir(), "worldsize-printed-"));
      const answer = `import type { ProcessGroup, Tensor, TensorDevice } from "worldsize";
export async function ringAllReduce(world: ProcessGroup, device: TensorDevice, x: Tensor): Promise<void> {
  const right = (world.rank + 1) % world.size, left = (world.rank + world.size - 1) % world.size;
  let going = x.clone();
  for (let i = 1; i < world.size; i++) {
    const coming = device.empty(x.shape);
    await Promise.all([world.send(going, right), world.recv(coming, left)]);
    x.add_(coming);
    going = coming;
  }
}
`;
      mkdirSync(join(folder, "exercises"));
      writeFileSync(join(folder, "exercises/3.3-ring-all-reduce.ts"), answer);
      try {
        return (await commandIn(folder)("check", "3.3", "--seed", "4711")).out;
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  },
];
