// A map of the job: which rank lives on which host, in which process and thread, and how
// any two of them reach each other. The same program gives another map on every transport.
//
//   worldsize run where-am-i                      threads that share memory
//   worldsize run where-am-i --transport local    all ranks in one thread
//   worldsize run where-am-i --transport tcp      processes, joined by Unix sockets
//   worldsize launch --nnodes 2 … where-am-i      two machines, joined by TCP
import { defineScript } from "worldsize";

export default defineScript({
  about: "Draws the job's map: hosts, processes, threads, and how each pair of ranks is joined.",
  ranks: 4,
  measured: ["host", "process", "thread"],
  async main({ world, place, show }) {
    const { rank, size } = world;

    // 1. Each rank knows where it lives itself; all tell all.
    const homes = await world.allGatherObject({ ...place.ranks[rank], thread: place.thread });
    if (rank > 0) return;
    const hosts = homes.map(({ host }) => host);
    const processes = homes.map(({ process }) => process);
    show.table(
      homes.map((home, r) => ({ rank: r, ...home })),
      `${count(homes, "rank")} on ${count(new Set(hosts), "host")}, in ${count(new Set(processes), "process", "processes")}`,
    );
    if (size === 1) return;

    // 2. What joins two ranks follows from where they live.
    const rows = homes.map((_, from) => ({
      from: `rank ${from}`,
      ...Object.fromEntries(homes.map((__, to) => [`rank ${to}`, from === to ? "·" : place.reach(from, to)])),
    }));
    show.table(rows, "how one reaches the other");
    for (const way of new Set(homes.flatMap((_, from) => homes.map((__, to) => place.reach(from, to))))) {
      show.line(`${way}: ${meanings[way]}`);
    }
  },
});

const meanings = {
  local: "both are turns of one thread; bytes are copied where they lie",
  shm: "threads of one process; the receiver takes the bytes out of the sender's memory",
  unix: "processes of one host; bytes pass through the kernel over a Unix socket",
  tcp: "processes that only a network joins; bytes pass through the kernels over TCP",
} as const;

/** `1 host`, `2 hosts`. */
function count(things: readonly unknown[] | ReadonlySet<unknown>, one: string, more = `${one}s`): string {
  const many = "size" in things ? things.size : things.length;
  return `${many} ${many === 1 ? one : more}`;
}
