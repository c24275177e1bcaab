// Point-to-point: one rank sends, one receives. A tensor goes down a chain of ranks, and
// each adds its own number before passing it on.
//
// A send completes when the matching receive has taken the bytes. So the order of calls
// matters: with --deadlock, all ranks send first, nobody receives, and the job says so. With
// --wrong, rank 1 receives from the wrong rank, which is as good as not at all.
import { boolean, defineScript, number } from "worldsize";

export default defineScript({
  about: "A tensor travels down a chain of ranks; with --deadlock, all ranks send and nobody receives.",
  ranks: 4,
  options: {
    elements: number(4, "length of the tensor", { min: 1, integer: true }),
    deadlock: boolean(false, "let every rank send before it receives, and see what is reported"),
    wrong: boolean(false, "let rank 1 receive from its right neighbour, which sends it nothing"),
  },
  async main({ world, device, options, show }) {
    const { rank, size } = world;
    if (size === 1) {
      show.line("A rank alone has nobody to talk to. Try -n 2.");
      return;
    }

    if (options.deadlock) {
      const right = (rank + 1) % size;
      const left = (rank - 1 + size) % size;
      const mine = device.full([options.elements], rank);
      show.line(`sending to rank ${right}, and only then receiving from rank ${left}`);
      const theirs = device.zeros([options.elements]);
      await world.send(mine, right); // waits for a receive that nobody has posted, unless a copy may leave
      await world.recv(theirs, left);
      if ((await theirs.min().item()) !== left) throw new Error(`rank ${left} did not send that`);
      show.line(`it worked: the send left from a copy, and ${left} has come from rank ${left}`);
      return;
    }

    // The chain: rank 0 starts, the others receive, add, and pass on.
    const parcel = device.zeros([options.elements]);
    if (rank > 0) {
      const from = options.wrong && rank === 1 ? (rank + 1) % size : rank - 1;
      await world.recv(parcel, from);
      show.line(`received ${JSON.stringify(await parcel.toArray())} from rank ${rank - 1}`);
    }
    parcel.add_(rank + 1);
    if (rank < size - 1) {
      await world.send(parcel, rank + 1);
      show.line(`passed it on to rank ${rank + 1}; what I do to my tensor now, it no longer sees`);
      parcel.fill_(-1);
      return;
    }
    const expected = (size * (size + 1)) / 2;
    const arrived = (await parcel.min().item()) === expected && (await parcel.max().item()) === expected;
    if (!arrived) throw new Error(`expected ${expected} everywhere, got ${await parcel.toArray()}`);
    show.line(`the end of the chain: every element is 1 + … + ${size} = ${expected}`);
    if (options.wrong && size === 2) show.line("Both neighbours are rank 0 here, so nothing was wrong. Try -n 3.");
  },
});
