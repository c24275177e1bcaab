// Attention over tokens that ranks share out. Queries stay, keys and values go round a ring; what each rank computes in
// each step is a few rectangles of the matrix of scores, and every rank computes as many scores as the others.
import { defineScript, functional as F, number, type Tensor } from "worldsize";
import { cutContext, pairsOf, RingAttention, tilesOf } from "worldsize/parallel";

export default defineScript({
  about: "Attention over tokens cut for the ranks: what each computes, what travels, and that it is one rank's result.",
  ranks: 4,
  options: {
    tokens: number(32, "tokens of all documents together", { min: 1, max: 4096, integer: true }),
    documents: number(1, "documents, which do not see each other", { min: 1, max: 64, integer: true }),
    heads: number(4, "heads of the queries; of keys there are half as many, if that is possible", {
      min: 2,
      max: 64,
      integer: true,
    }),
    dim: number(8, "length of a head", { min: 4, max: 128, integer: true }),
  },
  async main({ world, device, options, show }) {
    const { rank, size } = world;
    const { tokens, documents, heads, dim } = options;
    const kvHeads = heads % 2 === 0 ? heads / 2 : heads;

    // Documents of one length, as far as the tokens can be shared out so; labels and weights play no part here.
    const starts = Int32Array.from({ length: documents + 1 }, (_, d) => Math.floor((tokens * d) / documents));
    const none = new Int32Array(tokens);
    const batch = { tokens: none, targets: none, positions: none, weights: new Float32Array(tokens), starts };

    // 1. Of 2 · ranks chunks, each rank has an early one and a late one.
    const cut = cutContext(batch, world);
    const { rows, chunk } = cut;
    const range = (from: number, to: number): string => (to - from > 1 ? `${from} to ${to - 1}` : `${from}`);
    show.row({
      "my tokens": `${range(rows[0], rows[0] + chunk)} and ${range(rows[chunk], rows[chunk] + chunk)}`,
      "scores I compute": pairsOf(cut, world),
    });

    // 2. What happens in each step, before anything is computed.
    const bytes = 2 * rows.length * kvHeads * dim * 4; // keys and values, f32
    for (let step = 0; step < size; step++) {
      const owner = (rank + size - step) % size;
      const theirs = cutContext(batch, { rank: owner, size }).rows;
      const tiles = tilesOf(cut, world, owner).map(
        ({ q, k }) => `${range(rows[q[0]], rows[q[1] - 1] + 1)} see ${range(theirs[k[0]], theirs[k[1] - 1] + 1)}`,
      );
      if (step === 0) tiles.unshift("each chunk sees itself");
      show.row({
        step,
        "keys of rank": owner,
        attention: tiles.join(", ") || "none",
        "passed on": step + 1 < size ? `${bytes} bytes` : "nothing",
      });
    }

    // 3. All ranks draw the same queries, keys and values, and keep their own rows.
    const length = rows.length * size; // with the padding
    const draw = (each: number, seed: number): Tensor => device.randn([length, each, dim], { seed });
    const whole = { q: draw(heads, 1), k: draw(kvHeads, 2), v: draw(kvHeads, 3), dout: draw(heads, 4) };
    const i32 = (values: Int32Array): Tensor => device.from(values, [values.length], "i32");
    const index = i32(rows);
    const mine = (x: Tensor): Tensor =>
      F.embedding({ table: x.reshape([length, -1]), index }).reshape([rows.length, -1, dim]);
    const [q, k, v, dout] = [whole.q, whole.k, whole.v, whole.dout].map(mine);
    for (const each of [q, k, v]) each.requiresGrad_();
    const ring = new RingAttention(device, world, cut);
    const o = ring.attend(0, q, k, v, { starts: i32(cut.starts), positions: i32(cut.positions) });
    o.backward(dout);

    // The check: the same on one rank.
    for (const each of [whole.q, whole.k, whole.v]) each.requiresGrad_();
    const boundaries = i32(cut.sequences);
    const one = F.attention({ q: whole.q, k: whole.k, v: whole.v, qStarts: boundaries, kStarts: boundaries }).o;
    one.backward(whole.dout);
    const gap = async (part: Tensor | null, all: Tensor | null): Promise<number> => {
      if (!part || !all) return Number.NaN;
      return await device.noGrad(() => mine(all).sub(part).abs().max()).item();
    };
    const pairs = [
      [o, one],
      [q.grad, whole.q.grad],
      [k.grad, whole.k.grad],
      [v.grad, whole.v.grad],
    ] as const;
    const gaps = await Promise.all(pairs.map(([part, all]) => gap(part, all)));
    const worst = Math.max(...gaps); // NaN, if one is
    if (!(worst < 1e-4)) throw new Error(`ring attention is off by ${worst}`);
    const sum = device.full([1], worst);
    await world.allReduce(sum, "max");
    const off = await sum.item();
    if (rank !== 0) return;
    show.line(
      `Largest difference from one rank, over results and gradients: ${off === 0 ? "0" : off.toExponential(1)}.`,
    );
    if (size === 1) show.line("A rank alone sends nothing. Try -n 4.");
    else show.line(`Forward, each rank sent ${size - 1} × ${bytes} bytes; backward ${2 * size - 1} × ${bytes}.`);
  },
});
