/** Published training runs as plans: what each row says, and what it leaves out, with where that is from. */
import {
  type ClusterName,
  gptModel,
  type PlannedLayout,
  type PlannedModel,
  type PlannedRun,
  parsePlannedLayout,
  plannedClusters,
  type Recompute,
  runOf,
  timeOfStep,
} from "../../src/parallel/index.ts";

/** A run with what was measured. */
export interface PublishedRun {
  readonly group: string;
  readonly name: string;
  /** Of a step; for one block, of forward and backward. */
  readonly seconds: number;
  readonly model: PlannedModel;
  readonly run: PlannedRun;
  readonly layout: PlannedLayout;
  readonly cluster: ClusterName;
  /** Whether it is of one block alone. */
  readonly block?: boolean;
}

/** Seconds of a run by the planner. */
export function plannedSeconds({ model, run, layout, cluster, block }: PublishedRun): number {
  const { compute, tensor, total } = timeOfStep(model, run, layout, plannedClusters[cluster]);
  return block ? compute + tensor : total;
}

/** A row of `cluster-training.json`. */
export type Row = Readonly<Record<string, string | number>>;

const [sequence, vocabulary] = [2048, 51200];

/**
 * Micro-batch and chunks of Narayanan et al. 2021, Table 1, which the table leaves out: NVIDIA/Megatron-LM,
 * examples/sc21/run_table_1.sh (MBS, --num-layers-per-virtual-pipeline-stage), by billions of parameters.
 */
const table1: Readonly<Record<string, readonly [micro: number, chunks: number]>> = {
  ...{ "1.7": [16, 1], "3.6": [16, 1], "7.5": [16, 1], "18.4": [8, 1], "39.1": [4, 1] },
  ...{ "76.1": [2, 3], "145.6": [2, 2], "310.1": [1, 2], "529.6": [1, 3], "1008": [1, 1] },
};

/** Operations of a step, Narayanan et al. 2021, equation 3: with a second forward. */
function operations(batch: number, layers: number, width: number): number {
  return (
    96 * batch * sequence * layers * width ** 2 * (1 + sequence / (6 * width) + vocabulary / (16 * layers * width))
  );
}

/** Megatron-LM of 2021 and 2022: attention keeps all pairs of tokens, dropout, and gradients summed behind backward. */
function megatron(numbers: Pick<PlannedRun, "batch" | "micro" | "chunks" | "recompute">): PlannedRun {
  return runOf({ sequence, attention: "scores", dropout: true, overlap: false, ...numbers });
}

const words = (pp: number, dp: number, chunks: number, more = ""): PlannedLayout => {
  const sizes = [pp > 1 ? `pp${pp}` : "", dp > 1 ? `dp${dp}` : ""].filter(Boolean);
  return parsePlannedLayout([sizes.join(".") || "dp1", ...(chunks > 1 ? ["interleaved"] : [])].join("+") + more);
};

const withTp = (layout: PlannedLayout, tp: number): PlannedLayout => ({ ...layout, tp, overlap: tp > 1 });

/** MPT's widths, layers and heads: mosaicml/llm-foundry, scripts/train/yamls/pretrain/mpt-*.yaml; their counts of parameters agree. */
export const mpt: Readonly<Record<string, readonly [width: number, layers: number, heads: number]>> = {
  ...{ "125m": [768, 12, 12], "350m": [1024, 24, 16], "760m": [1536, 24, 12], "1b": [2048, 24, 16] },
  ...{
    "3b": [2560, 32, 20],
    "7b": [4096, 32, 32],
    "13b": [5120, 40, 40],
    "30b": [7168, 48, 56],
    "70b": [8192, 80, 64],
  },
};

/** A run of MosaicML's: FSDP over all ranks. */
export function mosaic(
  cluster: ClusterName,
  size: string,
  [tokens, gpus, micro, accumulated]: readonly [tokens: number, gpus: number, micro: number, accumulated: number],
  isChecked: boolean,
  perSecond: number,
): PublishedRun {
  const [width, layers, heads] = mpt[size];
  const batch = micro * accumulated * gpus;
  return {
    group: "MosaicML",
    name: `${size}, ${tokens} tokens, ${gpus} GPUs`,
    seconds: (micro * accumulated * tokens) / perSecond,
    model: gptModel({ width, layers, heads, vocabulary: 50368, sequence: tokens, biases: false }),
    run: runOf({ sequence: tokens, batch, micro, recompute: isChecked ? "full" : "none" }),
    layout: parsePlannedLayout(`dp${gpus}+fsdp`),
    cluster,
  };
}

/** The run that a row tells of; undefined for rows that say the same again in other units. */
export function publishedRun(row: Row): PublishedRun | undefined {
  const { source, metric, value } = row;
  const number = (key: string): number => Number(row[key]);
  const gpt = (width: number, layers: number, heads: number) =>
    gptModel({ width, layers, heads, vocabulary, sequence });
  if (String(source).startsWith("mosaicml")) {
    const size = String(row.model).slice(4);
    const numbers = [number("seq"), number("gpus"), number("micro_batch"), number("grad_accum")] as const;
    return mosaic("dgx-a100-40", size, numbers, row.act_ckpt === "True", number("tokens_s_gpu"));
  }
  const batch = number("global_batch");
  const cluster = "dgx-a100";
  if (String(source).startsWith("Narayanan")) {
    const isFirst = String(source).endsWith("Table 1");
    const billions = String(row.params_b);
    // Table 2 has GPT-3's form, and Table 1's of 530B parameters.
    const [width, layers, heads] = isFirst
      ? [number("hidden"), number("layers"), number("heads")]
      : Number(billions) > 500
        ? [20480, 105, 128]
        : [12288, 96, 96];
    const seconds = operations(batch, layers, width) / (Number(value) * 1e12 * number("gpus"));
    const model = gpt(width, layers, heads);
    if (row.scheme === "ZeRO-3") {
      // DeepSpeed of 2021 fetched each parameter by itself.
      const run = {
        ...megatron({ batch, micro: number("micro_batch"), chunks: 1, recompute: "full" }),
        gathers: "parameter",
      } as const;
      const layout = parsePlannedLayout(`dp${number("gpus")}+fsdp`);
      return {
        group: "Narayanan 2021, Table 2, ZeRO-3",
        name: `${billions}B on ${row.gpus}`,
        seconds,
        model,
        run,
        layout,
        cluster,
      };
    }
    // Table 2 names tp × pp only: 8 × 12 and 8 × 35. Its chunks are not told; 530B's are taken from Table 1, and GPT-3 has 2 here.
    const pp = isFirst ? number("pp") : number("model_parallel") / 8;
    const tp = isFirst ? number("tp") : 8;
    const [micro, chunks] = isFirst ? table1[billions] : [number("micro_batch"), pp === 35 ? 3 : 2];
    const run = megatron({ batch, micro, chunks, recompute: "full" });
    const layout = withTp(words(pp, number("gpus") / (pp * tp), chunks), tp);
    const group = `Narayanan 2021, Table ${isFirst ? 1 : 2}`;
    return { group, name: `${billions}B on ${row.gpus}`, seconds, model, run, layout, cluster };
  }
  if (String(source).endsWith("Table 4")) {
    const variant = String(row.variant);
    const recompute: Recompute = variant.includes("full")
      ? "full"
      : variant.includes("selective")
        ? "selective"
        : "none";
    return {
      ...{ group: "Korthikanti 2022, Table 4", name: variant, seconds: Number(value) / 1e3, cluster, block: true },
      model: gptModel({ width: 6144, layers: 1, heads: 64, vocabulary: 1, sequence }),
      // Table 3: 22B is run with micro-batches of 4.
      run: megatron({ batch: 4, micro: 4, chunks: 1, recompute }),
      layout: parsePlannedLayout(variant.includes("sequence") ? "tp8+sp+overlap" : "tp8+overlap"),
    };
  }
  if (!String(metric).includes("time")) return undefined;
  // Section 6: three chunks for 175B and 530B.
  const isNew = String(metric).includes("selective");
  const chunks = row.model === "175B" || row.model === "530B" ? 3 : 1;
  return {
    ...{
      group: "Korthikanti 2022, Table 5",
      name: `${row.model}, ${isNew ? "selective" : "full"}`,
      seconds: Number(value),
      cluster,
    },
    model: gpt(number("hidden"), number("layers"), number("heads")),
    run: megatron({ batch, micro: number("micro_batch"), chunks, recompute: isNew ? "selective" : "full" }),
    layout: { ...withTp(words(number("pp"), 1, chunks), 8), sequence: isNew },
  };
}
