// What can go wrong with processes, on purpose. Marks in the comments are for the tests.
import { spawn } from "node:child_process";
import { readdirSync, readlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { choice, defineScript } from "worldsize";

const faults = ["killed", "killedMidway", "stopped", "fullBuffer", "slow", "wireCut", "aborted"] as const;
const MIB = 2 ** 20;
const BOTH_WAYS = 2;

/**
 * The system's call of that name. Node has none, and to close a descriptor in place of it
 * would not do: the event loop takes one that is gone for a fault of its own and aborts.
 */
function shutdown(fd: number, how: number): void {
  const koffi = createRequire(`${process.cwd()}/program.js`)("koffi") as typeof import("koffi");
  koffi.load("libc.so.6").func("int shutdown(int, int)")(fd, how);
}

export default defineScript({
  about: "One way for a process to go wrong.",
  ranks: 2,
  options: { fault: choice("killed", faults, "which") },
  async main({ world, device, options, place, show, sleep, now }) {
    const { rank, size } = world;
    const last = rank === size - 1;
    const x = device.zeros([4]);
    const before = sockets();
    // What the last rank sent may still lie in its I/O thread when it stops itself: the others have left
    // the barrier once it has heard them.
    const heardByTheLast = async (): Promise<void> => {
      if (!last) await world.send(x, size - 1);
      else for (let peer = 0; peer < size - 1; peer++) await world.recv(device.zeros([4]), peer);
    };
    await world.barrier();
    show.row({ pid: place.process, at: now() });
    switch (options.fault) {
      case "killed":
        if (last) {
          await sleep(100); // the others have come to wait
          process.kill(process.pid, "SIGKILL");
        }
        await world.allReduce(x); // killed
        return;
      case "killedMidway": // dies while large messages are on their way to rank 0
        if (rank > 0 && !last) await world.allReduce(x);
        if (last) spawn("sh", ["-c", `sleep 0.5; kill -9 ${process.pid}`]);
        for (const big = device.zeros([4 * MIB]); ; ) {
          if (last) await world.send(big, 0);
          else await world.recv(big, size - 1); // killedMidway
        }
      case "stopped":
        await heardByTheLast();
        if (last) {
          process.kill(process.pid, "SIGSTOP");
          await sleep(100); // signals take a moment
        }
        await world.allReduce(x); // stopped
        return;
      case "fullBuffer": // the receiver is ready, then stops; the sender's socket is full
        await heardByTheLast();
        if (last) {
          const work = world.recv(device.zeros([16 * MIB]), 0);
          setTimeout(() => process.kill(process.pid, "SIGSTOP"), 5);
          await work;
        } else if (rank === 0) {
          await sleep(500);
          await world.send(device.zeros([16 * MIB]), size - 1); // fullBuffer
        } else await world.allReduce(x);
        return;
      case "slow": {
        // Computes for longer than a rank may be silent: its I/O thread keeps the heartbeat.
        const start = now();
        if (last) while (now() - start < 2500) x.add_(1);
        x.fill_(1);
        await world.allReduce(x);
        show.row({ sum: await x.mean().item() });
        return;
      }
      case "wireCut": // ends its wires behind the library's back while messages pass, as a broken network would
        if (last) {
          setTimeout(() => {
            for (const fd of sockets()) if (!before.includes(fd)) shutdown(fd, BOTH_WAYS);
          }, 200);
        }
        for (const big = device.zeros([4 * MIB]); ; ) await world.allReduce(big); // wireCut
      case "aborted":
        if (last) world.abort("the loss is not a number"); // aborted
        await world.allReduce(x);
        return;
    }
  },
});

/** Descriptors of this process that are sockets. */
function sockets(): number[] {
  return readdirSync("/proc/self/fd")
    .filter((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`).startsWith("socket:");
      } catch {
        return false;
      }
    })
    .map(Number);
}
