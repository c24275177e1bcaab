// What this machine has, found out by trying: every line is a small experiment. Nothing
// here is needed to start; a missing thing costs speed or a chapter's extra, and the line
// says which command fixes it.
import { execFileSync } from "node:child_process";
import { connect, createServer } from "node:net";
import { arch, availableParallelism, cpus, freemem, platform, totalmem } from "node:os";
import { type Context, defineScript } from "worldsize";

type State = "ok" | "slower" | "missing";
interface Finding {
  readonly what: string;
  readonly state: State;
  readonly found: string;
  readonly fix: string;
}

/** What a command prints, or undefined if there is no such command. */
function output(command: string, ...args: string[]): string | undefined {
  try {
    return execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"], timeout: 5000 });
  } catch {
    return undefined;
  }
}

const gib = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
const line = (what: string, state: State, found: string, fix = ""): Finding => ({
  what,
  state,
  found,
  fix: state === "ok" ? "" : fix,
});

function node(): Finding {
  const [major, minor] = process.versions.node.split(".").map(Number);
  const enough = major > 20 || (major === 20 && minor >= 19);
  return line("Node", enough ? "ok" : "missing", process.version, "install Node 20.19 or newer from nodejs.org");
}

function cores(): Finding {
  const count = availableParallelism();
  const model = cpus()[0]?.model.trim() ?? "unknown";
  return line(
    "cores",
    count > 1 ? "ok" : "slower",
    `${count} × ${model}`,
    "ranks will take turns: give the machine two cores",
  );
}

function memory(): Finding {
  const roomy = freemem() > 2 ** 30;
  return line(
    "memory",
    roomy ? "ok" : "slower",
    `${gib(freemem())} free of ${gib(totalmem())}`,
    "close programs until 1 GiB is free",
  );
}

function sharedMemory(place: Context["place"]): Finding {
  const found = typeof SharedArrayBuffer === "function" && typeof Atomics.waitAsync === "function";
  return line(
    "shared memory",
    found ? "ok" : "missing",
    `thread ${place.thread} sees one WebAssembly.Memory`,
    "use Node 20.19 or newer",
  );
}

/** GFLOP/s of one core. */
interface Speeds {
  /** What the multiply-add loop of our kernels reaches: the ceiling of everything they compute. */
  readonly peak: number;
  readonly product: number;
}

/** Length of the sides of the matrices that are multiplied. */
const SIDE = 512;

/** The best of many tries in turns: what disturbs one of them for a while disturbs the other as well. */
async function measure(device: Context["device"]): Promise<Speeds> {
  const { exports } = device.raw.runtime;
  using x = device.randn([SIDE, SIDE], { seed: 1 });
  let [peak, product] = [0, 0];
  const time = async (flops: number, body: () => void): Promise<number> => {
    const start = performance.now();
    body();
    await device.synchronize();
    return flops / (performance.now() - start) / 1e6;
  };
  for (let i = 0; i < 15; i++) {
    peak = Math.max(peak, await time(96 * 2e5, () => void exports.peakMadd(2e5)));
    product = Math.max(product, await time(2 * SIDE ** 3, () => x.matmul(x).dispose()));
  }
  return { peak, product };
}

/**
 * A product's speed as a share of what the core can reach. The peak was measured with vectors
 * of 128 bits; native libraries use wider ones, at the same clock.
 */
export function shareOf({ peak, product }: Speeds, widths: readonly number[]): string {
  const share = (bits: number): number => product / (peak * (bits / 128));
  const bits = widths.find((width) => share(width) <= 1.05);
  const speed = `${product.toFixed(0)} GFLOP/s`;
  if (bits === undefined) return `${speed}, more than the core's peak seemed to be: the machine is busy, measure again`;
  const part = share(bits) < 0.995 ? share(bits).toFixed(2) : "all";
  return `${speed}, ${part} of a core's peak with ${bits}-bit vectors`;
}

function kernels(device: Context["device"], { peak }: Speeds): Finding {
  const { build } = device.raw.runtime;
  return line(
    "SIMD kernels",
    build === "relaxed" ? "ok" : "slower",
    `${build === "relaxed" ? "with" : "without"} fused multiply-add: at most ${peak.toFixed(0)} GFLOP/s per core`,
    "use an engine with relaxed SIMD: node --version should say v20.19 or newer",
  );
}

/** What fixes the lack of a BLAS and of MPI, by system. */
export function fixesOn(system: string): { readonly blas: string; readonly mpi: string } {
  if (system === "darwin") return { blas: "brew install openblas", mpi: "brew install open-mpi" };
  if (system === "win32") return { blas: "put libopenblas.dll into a folder of the PATH", mpi: "use WSL" };
  return { blas: "apt install libopenblas0", mpi: "apt install openmpi-bin" };
}

/** Which matrix product runs: our kernel, or a native BLAS, which uses wider vectors than WebAssembly has. */
function matrixProduct(place: Context["place"], speeds: Speeds): Finding {
  const { name, pin, reason = "" } = place.blas;
  const share = shareOf(speeds, name && process.arch === "x64" ? [256, 512] : [128]);
  if (name) return line("matrix product", "ok", `${name}: ${share} (WORLDSIZE_BLAS="${pin}" repeats it bit for bit)`);
  const fixes: [RegExp, string][] = [
    [/switched off/, "unset WORLDSIZE_BLAS, if you did not mean it"],
    [/koffi/, "npm install --no-save koffi (optional; calls a native BLAS)"],
    [/./, `${fixesOn(platform()).blas} (optional; two to four times as fast)`],
  ];
  const fix = fixes.find(([why]) => why.test(reason))?.[1];
  return line("matrix product", "slower", `our kernel: ${share}; native BLAS: ${reason}`, fix);
}

/** A message over a loopback socket and back. */
async function tcp(): Promise<Finding> {
  const server = createServer((socket) => socket.pipe(socket));
  try {
    await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const start = performance.now();
    await new Promise<void>((resolve, reject) => {
      const socket = connect(port, "127.0.0.1", () => socket.write("x"));
      socket.once("error", reject).once("data", () => socket.end(resolve));
    });
    return line(
      "TCP on loopback",
      "ok",
      `a byte there and back in ${(performance.now() - start).toFixed(2)} ms, connection included`,
    );
  } catch (error) {
    return line(
      "TCP on loopback",
      "missing",
      (error as Error).message,
      "allow sockets on 127.0.0.1 (a sandbox forbids them)",
    );
  } finally {
    server.close();
  }
}

function commands(): Finding[] {
  const mpi = output("mpirun", "--version")?.split("\n")[0];
  const gpu = output("nvidia-smi", "--query-gpu=name", "--format=csv,noheader")?.trim().split("\n").join(", ");
  const browser = ["chromium", "google-chrome", "firefox"]
    .map((name) => output(name, "--version")?.trim())
    .find(Boolean);
  return [
    line("MPI", mpi ? "ok" : "missing", mpi ?? "no mpirun", `${fixesOn(platform()).mpi} (only to compare with)`),
    line("GPU", gpu ? "ok" : "missing", gpu ?? "no nvidia-smi", "nothing to fix: no chapter needs one"),
    line(
      "browser",
      browser ? "ok" : "missing",
      browser ?? "none on the PATH",
      "any recent browser opens the pages that --page writes",
    ),
  ];
}

async function findings(device: Context["device"], place: Context["place"]): Promise<Finding[]> {
  const speeds = await measure(device);
  return [
    node(),
    cores(),
    memory(),
    sharedMemory(place),
    kernels(device, speeds),
    matrixProduct(place, speeds),
    await tcp(),
    ...commands(),
  ];
}

export default defineScript({
  about: "What this machine has, each line tried out, with the one command that fixes it.",
  ranks: 1,
  async main({ world, device, place, show }) {
    const own = world.rank === 0 ? await findings(device, place) : [];
    await world.barrier();
    if (world.rank !== 0) return;
    const width = Math.max(...own.map(({ what }) => what.length));
    for (const { what, state, found, fix } of own) {
      show.line(`${state.padEnd(8)}${what.padEnd(width + 2)}${found}${fix ? `  →  ${fix}` : ""}`);
    }
    const needed = own.filter(({ what, state }) => state === "missing" && ["Node", "shared memory"].includes(what));
    if (needed.length > 0)
      throw new Error(`${needed.map(({ what }) => what).join(" and ")} must be fixed before anything runs.`);
    show.line(`${platform()} on ${arch()}: everything the course needs is here.`);
  },
});
