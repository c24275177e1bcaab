// Every matrix by itself, in a list; the number of ranks by sorting.
interface Link {
  alpha: number;
  beta: number;
}

type Size = { tokens: number; width: number; bytes: number; flops: number };

const matrices = [
  { name: "q", size: 1, columns: "attention" },
  { name: "k", size: 1, columns: "attention" },
  { name: "v", size: 1, columns: "attention" },
  { name: "o", size: 1, columns: "" },
  { name: "up", size: 4, columns: "mlp" },
  { name: "down", size: 4, columns: "" },
];

export function layer(plan: Size & { ranks: number; link: Link; overlap: boolean }) {
  const { ranks: n, tokens, width, bytes, flops, link, overlap } = plan;
  let [sending, computing, hidden] = [0, 0, 0];
  for (const half of ["attention", "mlp"]) {
    let gradients = 0;
    for (const { size, columns } of matrices) {
      if (columns === half) gradients += (tokens * 2 * size * width * width) / (n * flops);
    }
    let one = 0;
    for (let message = 0; message < 2 * (n - 1); message++)
      one += link.alpha + (tokens * width * bytes * link.beta) / n;
    sending += one + one;
    if (overlap) hidden += one < gradients ? one : gradients;
  }
  for (const { size } of matrices) computing += (6 * tokens * size * width * width) / (n * flops);
  return { hidden, seconds: sending + computing - hidden, computing, sending };
}

export function fastest(cluster: Size & { heads: number; perNode: number; inside: Link; between: Link }) {
  const { heads, perNode, inside, between } = cluster;
  return Array.from({ length: heads }, (_, i) => heads - i)
    .filter((n) => Number.isInteger(heads / n))
    .map((n) => ({
      n,
      takes: layer({ ...cluster, ranks: n, link: n > perNode ? between : inside, overlap: false }).seconds,
    }))
    .sort((a, b) => a.takes - b.takes)[0].n;
}
