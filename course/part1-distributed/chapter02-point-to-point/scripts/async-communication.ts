// The same call, awaited now or later. Every operation starts when it is called and gives
// a Work: `await` it at once and it blocks, await it later and it runs beside your compute.
//
// Each rank exchanges tensors with its neighbours and multiplies matrices. Four things are timed:
// the product alone, the exchange alone, one after the other, and the product between call and await.
// They take turns, round by round: what disturbs one of them for a while disturbs the others as well.
import { defineScript, number } from "worldsize";

export default defineScript({
  about: "Send to the neighbour and multiply matrices: each alone, one after the other, at the same time.",
  ranks: 2,
  traced: true,
  options: {
    megabytes: number(4, "size of the message", { min: 0.001, max: 64 }),
    width: number(704, "width of the square matrices", { min: 1, max: 1024, integer: true }),
    rounds: number(10, "rounds of each kind; the best counts", { min: 1, integer: true }),
  },
  quick: { options: { megabytes: 0.5, width: 64, rounds: 2 } },
  measured: ["(ms)", "Overlapping"],
  async main({ world, device, options, show, span, now }) {
    const { rank, size } = world;
    const right = (rank + 1) % size;
    const left = (rank - 1 + size) % size;
    const elements = Math.max(1, Math.round((options.megabytes * 1e6) / 4));
    const outgoing = device.full([elements], rank);
    const incoming = device.zeros([elements]);
    const matrix = device.randn([options.width, options.width], { seed: 1 });

    const exchange = () => (size > 1 ? [world.send(outgoing, right), world.recv(incoming, left)] : []);
    const multiply = () =>
      span("multiply", async () => {
        device.scope(() => void matrix.matmul(matrix));
        await device.synchronize(); // until the product is there
      });

    const kinds = {
      multiply,
      exchange: async () => void (await Promise.all(exchange())),
      "await at once": async () => {
        await Promise.all(exchange());
        await multiply();
      },
      "await later": async () => {
        const works = exchange(); // issued: the neighbour can take the bytes from now on
        await multiply();
        await Promise.all(works); // only now must they have arrived
      },
    };
    type Kind = keyof typeof kinds;

    // The best of many rounds, after as many that nobody times: code and memory are slow at first.
    const best = { multiply: Infinity, exchange: Infinity, "await at once": Infinity, "await later": Infinity };
    for (let round = -options.rounds; round < options.rounds; round++) {
      for (const kind of Object.keys(kinds) as Kind[]) {
        await world.barrier();
        const start = now();
        await kinds[kind]();
        if (round >= 0) best[kind] = Math.min(best[kind], now() - start);
      }
    }

    if (size > 1 && (await incoming.select(0, 0).item()) !== left) throw new Error("the wrong tensor arrived");
    const all = await world.allGatherObject(best);
    if (rank !== 0) return;
    const rows = all.map((row, r) => ({
      rank: r,
      ...Object.fromEntries(Object.entries(row).map(([kind, ms]) => [`${kind} (ms)`, Number(ms.toFixed(2))])),
    }));
    show.table(rows, `Best of ${options.rounds} rounds`);
    if (size === 1) {
      show.line("A rank alone has nobody to send to: all times are the product's. Try -n 2.");
      return;
    }
    const saved = best["await at once"] - best["await later"];
    const shorter = Math.min(best.multiply, best.exchange);
    show.line(
      saved > 0.1 * best["await at once"]
        ? `Overlapping saves rank 0 ${saved.toFixed(1)} ms of ${best["await at once"].toFixed(1)} ms; to hide was the shorter half, ${shorter.toFixed(1)} ms.`
        : `Overlapping saves rank 0 less than a tenth of its round; the shorter half takes ${shorter.toFixed(1)} ms.`,
    );
  },
});
