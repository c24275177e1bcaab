// Programs that go wrong on purpose. The line numbers of this file are in the tests: they
// find them by the marks in the comments.
import { choice, defineScript } from "worldsize";

const faults = [
  "sendCycle",
  "pairCycle",
  "otherCollective",
  "otherShape",
  "otherDType",
  "otherOperator",
  "otherRoot",
  "returned",
  "threw",
  "forgotten",
  "touched",
  "unequalPair",
  "nonMember",
  "wrongPeer",
  "halfCycle",
  "rejected",
  "exited",
  "freed",
  "emptied",
  "emptiedPiece",
  "streamWaits",
] as const;

export default defineScript({
  about: "One way to go wrong.",
  ranks: 2,
  options: { fault: choice("threw", faults, "which") },
  async main({ world, device, options, sleep }) {
    const { rank, size } = world;
    const last = rank === size - 1;
    const x = device.zeros([4]);
    await world.barrier();
    switch (options.fault) {
      case "sendCycle":
        await world.send(x, (rank + 1) % size); // sendCycle
        await world.recv(x, (rank + size - 1) % size);
        return;
      case "pairCycle": // ranks 0 and 1 wait for each other while the others are busy elsewhere
        if (rank < 2)
          await world.recv(x, 1 - rank); // pairCycle
        else await sleep(4000);
        return;
      case "otherCollective":
        if (last)
          await world.broadcast(x, 0); // otherCollective last
        else await world.allReduce(x); // otherCollective rest
        return;
      case "otherShape":
        await world.allReduce(last ? device.zeros([2, 2]) : x); // otherShape
        return;
      case "otherDType":
        await world.allReduce(last ? device.zeros([4], "i32") : x);
        return;
      case "otherOperator":
        await world.allReduce(x, last ? "max" : "sum");
        return;
      case "otherRoot":
        await world.broadcast(x, last ? 0 : 1);
        return;
      case "returned":
        if (!last) await world.allReduce(x); // returned
        return;
      case "threw":
        if (last) throw new Error("boom"); // threw
        await world.allReduce(x); // threw rest
        return;
      case "forgotten":
        {
          const work = world.allReduce(x); // forgotten
          if (!last) await work;
        }
        return;
      case "touched":
        {
          const work = world.allReduce(x); // touched op
          if (last) x.add_(1); // touched
          await work;
        }
        return;
      case "unequalPair":
        if (rank === 0) await world.send(x, 1); // unequalPair send
        if (rank === 1) await world.recv(device.zeros([5]), 0); // unequalPair recv
        return;
      case "nonMember":
        {
          const group = await world.newGroup([0]);
          await group!.allReduce(x); // nonMember
        }
        return;
      case "wrongPeer":
        await world.send(x, size); // wrongPeer
        return;
      case "halfCycle": // a cycle through a group inside the world
        {
          const half = await world.split(rank % 2);
          if (rank === 0) await world.recv(x, size - 1); // halfCycle recv
          await half?.barrier();
          if (rank === size - 1)
            await world.barrier(); // halfCycle barrier
          else await world.recv(x, size - 1);
        }
        return;
      case "rejected":
        if (last) void Promise.reject(new Error("nobody catches me")); // rejected
        await sleep(5);
        await world.barrier();
        return;
      case "exited":
        if (last) process.exit(7);
        await world.barrier();
        return;
      case "streamWaits": // not the program but its stream waits for what never comes
        if (rank === 0) {
          world.recv(x, size - 1).wait(); // streamWaits
          await x.add(1).data();
        }
        return;
      case "freed":
        x.dispose();
        await world.allReduce(x); // freed
        return;
      case "emptied":
        x.storage.resize(0);
        await world.allReduce(x);
        return;
      case "emptiedPiece":
        {
          const pieces = Array.from({ length: size }, () => device.zeros([4]));
          pieces[size - 1].storage.resize(0);
          await world.allGather(pieces, x);
        }
        return;
    }
  },
});
