// The same call, awaited now or later. Every operation starts when it is called and gives
// a Work: `await` it at once and it blocks, await it later and it runs beside your compute.
//
// Each round, every rank sends a tensor to its right neighbour and multiplies matrices.
// First one after the other, then the multiplication between the call and the await.
import { defineScript, number } from "worldsize";

export default defineScript({
  about: "Send to the neighbour and multiply matrices: one after the other, then at the same time.",
  ranks: 2,
  traced: true,
  options: {
    megabytes: number(4, "size of the message", { min: 0.001, max: 64 }),
    width: number(192, "width of the square matrices", { min: 1, max: 1024, integer: true }),
    rounds: number(4, "rounds of each kind", { min: 1, integer: true }),
  },
  quick: { options: { megabytes: 0.5, width: 64, rounds: 2 } },
  measured: ["(ms)"],
  async main({ world, device, options, show, span, now }) {
    const { rank, size } = world;
    const right = (rank + 1) % size;
    const left = (rank - 1 + size) % size;
    const elements = Math.max(1, Math.round((options.megabytes * 1e6) / 4));
    const outgoing = device.full([elements], rank);
    const incoming = device.zeros([elements]);
    const matrix = device.randn([options.width, options.width], { seed: 1 });

    const exchange = () => (size > 1 ? [world.send(outgoing, right), world.recv(incoming, left)] : []);
    const multiply = () => span("multiply", () => device.scope(() => void matrix.matmul(matrix)));

    const time = async (round: () => Promise<void>): Promise<number> => {
      await round(); // warm up
      await world.barrier();
      const start = now();
      for (let i = 0; i < options.rounds; i++) await round();
      await device.synchronize();
      return (now() - start) / options.rounds;
    };

    const blocking = await time(async () => {
      await Promise.all(exchange());
      await multiply();
    });
    const overlapped = await time(async () => {
      const works = exchange(); // issued: the neighbour can take the bytes from now on
      await multiply();
      await Promise.all(works); // only now must they have arrived
    });

    if (size > 1 && (await incoming.select(0, 0).item()) !== left) throw new Error("the wrong tensor arrived");
    const all = await world.allGatherObject({ rank, blocking, overlapped });
    if (rank !== 0) return;
    show.table(
      all.map((row) => ({ rank: row.rank, "await at once (ms)": row.blocking, "await later (ms)": row.overlapped })),
      "Milliseconds a round",
    );
    if (size === 1) {
      show.line("A rank alone has nobody to send to: both times are the product's. Try -n 2.");
      return;
    }
    show.line("On a laptop memory is so fast that there is little to hide; chapter 5 does the same over slow links.");
  },
});
