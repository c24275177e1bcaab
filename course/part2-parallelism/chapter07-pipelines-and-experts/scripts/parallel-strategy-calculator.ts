// Which layout for a model on a machine: memory by kind and time by part of each, the fastest that fits, and what stops the rest.
import { type Context, choice, defineScript, number, string } from "worldsize";
import {
  adviseLayout,
  explainLayout,
  type FittingLayout,
  isFitting,
  type JudgedLayout,
  judgeLayout,
  type PlanRequest,
  parameterCount,
  parsePlannedLayout,
  plannedClusterNames,
  plannedClusters,
  plannedLayoutText,
  precisions,
  runOf,
  searchLayouts,
  secondsText,
  usableShare,
  whySlower,
} from "worldsize/parallel";
import { modelNamed, modelNames } from "../lib/models.ts";

type Show = Context["show"];
const precisionNames = ["mixed", "mixed-f32-gradients", "f32"] as const;

export default defineScript({
  about: "Finds the layout of a model on a machine: memory by kind, time by part, and what stops the others.",
  ranks: 1,
  options: {
    model: string("llama-2-70b", `a config.json, or ${modelNames.join(", ")}`),
    machine: choice("dgx-h100", plannedClusterNames, "whose nodes there are"),
    devices: number(64, "GPUs", { min: 1, max: 16384, integer: true }),
    batch: number(1024, "samples of a step", { min: 1, max: 1e6, integer: true }),
    sequence: number(4096, "tokens of a sample", { min: 1, max: 1e7, integer: true }),
    layout: string("", "judges this one only, such as pp4.dp2.tp8+interleaved+zero1+sp"),
    micro: number(1, "with --layout: samples of a micro-batch", { min: 1, max: 1024, integer: true }),
    chunks: number(2, "with --layout of interleaved: stages of each rank", { min: 2, max: 64, integer: true }),
    precision: choice("mixed", precisionNames, "bytes of a parameter, its gradient and its optimizer state"),
    shown: number(5, "layouts of the list", { min: 1, max: 40, integer: true }),
  },
  quick: { options: { devices: 16, model: "llama-3-8b", batch: 64 } },
  check: wrongOptions,
  async main({ world, options, show }) {
    if (world.rank > 0) return;
    const { model, source } = modelNamed(options.model);
    const cluster = plannedClusters[options.machine];
    const run = runOf({ ...options, precision: precisions[options.precision] });
    const request: PlanRequest = { model, run, cluster, devices: options.devices };
    const billions = (parameterCount(model) / 1e9).toPrecision(3);
    wrapped(show, `${options.model}: ${billions} billion parameters (${source}).`);
    wrapped(
      show,
      `${options.devices} × ${cluster.device.name} in nodes of ${cluster.perNode}: ${cluster.inside.name}, ${cluster.outside.name}.`,
    );
    show.line("");
    if (options.layout !== "") showOne(show, request, parsed(options.layout, options.micro, request));
    else showAll(show, request, options.shown);
  },
});

interface Options {
  readonly model: string;
  readonly layout: string;
  readonly micro: number;
}

/** What is wrong with the model or the layout, before anything is computed. */
function wrongOptions({ model, layout, micro }: Options): string | undefined {
  try {
    modelNamed(model);
  } catch (error) {
    return `--model ${model}: ${(error as Error).message}.`;
  }
  if (layout === "") return micro === 1 ? undefined : `--micro ${micro} goes with --layout; a search tries 1 to 16.`;
  try {
    parsePlannedLayout(layout);
    return undefined;
  } catch (error) {
    return `--layout: ${(error as Error).message}`;
  }
}

function parsed(words: string, micro: number, request: PlanRequest): JudgedLayout {
  const layout = parsePlannedLayout(words);
  return judgeLayout(request, layout, { ...request.run, micro, recompute: layout.recompute ? "full" : "none" });
}

/** One layout, and what would be faster. */
function showOne(show: Show, request: PlanRequest, judged: JudgedLayout): void {
  const name = plannedLayoutText(judged.layout);
  if (judged.memory) showMemory(show, request, judged.memory);
  const { fitting } = searchLayouts(request);
  if (!isFitting(judged)) {
    wrapped(show, `${name} cannot run: ${judged.fault?.text}.`);
    if (fitting[0])
      wrapped(
        show,
        `What can: ${plannedLayoutText(fitting[0].layout)}, ${secondsText(fitting[0].time.total)} for a step.`,
      );
    return;
  }
  showTime(show, judged);
  for (const line of explainLayout(request, judged)) wrapped(show, line);
  const [best] = fitting;
  if (!best || best.time.total > 0.995 * judged.time.total) return;
  const faster = plannedLayoutText(best.layout);
  wrapped(
    show,
    `Beside ${faster} with micro-batches of ${best.run.micro}, ${secondsText(best.time.total)}, it is ${whySlower(request, best, judged)}.`,
  );
}

/** What a search of all layouts finds. */
function showAll(show: Show, request: PlanRequest, shown: number): void {
  for (const { symptom, remedy, answer } of adviseLayout(request)) wrapped(show, `${symptom} → ${remedy}: ${answer}.`);
  show.line("");
  const { fitting, rejected, count } = searchLayouts(request);
  const [best] = fitting;
  if (best) {
    showMemory(show, request, best.memory);
    showTime(show, best);
    show.line("The choice");
    for (const line of explainLayout(request, best)) wrapped(show, line);
    show.line("");
    show.table(
      fitting.slice(0, shown).map(({ layout, run, time, memory }) => ({
        layout: plannedLayoutText(layout).replace("+overlap", ""),
        micro: run.micro,
        chunks: layout.schedule === "interleaved" ? run.chunks : 1,
        seconds: Number(time.total.toPrecision(3)),
        GB: Number((memory.total / 1e9).toPrecision(2)),
      })),
      `The fastest of ${fitting.length} layouts that fit, of ${count}${best.layout.tp > 1 ? " (all with +overlap)" : ""}`,
    );
    for (const other of slower(request, best, fitting)) wrapped(show, other);
  } else show.line(`None of ${count} layouts can run.`);
  show.line("");
  show.line("Cannot run");
  for (const { count: times, example } of rejected) {
    wrapped(show, `${times} × like ${plannedLayoutText(example.layout)}: ${example.fault?.text}`);
  }
}

/** One layout for each thing that can be bought too dearly. */
function slower(request: PlanRequest, best: FittingLayout, fitting: readonly FittingLayout[]): string[] {
  const { perNode } = request.cluster;
  const kinds: readonly ((each: FittingLayout) => boolean)[] = [
    ({ layout }) => layout.tp > perNode,
    ({ layout }) => layout.tp === perNode && layout.tp > best.layout.tp,
    ({ layout }) => layout.recompute && !best.layout.recompute,
    ({ layout }) => layout.data === "fsdp" && layout.tp * layout.pp === 1,
    ({ layout }) => layout.pp > 4 && layout.pp > best.layout.pp,
  ];
  return kinds.flatMap((isKind) => {
    const found = fitting.find(isKind);
    if (!found || found === best || found.time.total < 1.005 * best.time.total) return [];
    return `${plannedLayoutText(found.layout)} is ${whySlower(request, best, found)}.`;
  });
}

function showMemory(show: Show, { cluster }: PlanRequest, memory: NonNullable<JudgedLayout["memory"]>): void {
  const kinds = ["parameters", "gradients", "optimizer", "activations", "buffers", "total"] as const;
  const usable = cluster.device.memory * usableShare;
  const rows = kinds.map((kind) => ({
    memory: kind,
    GB: Number((memory[kind] / 1e9).toFixed(2)),
    "of what can be used": `${((100 * memory[kind]) / usable).toFixed(1)} %`,
  }));
  show.table(rows, `Memory on rank ${memory.rank} of pp, of ${(usable / 1e9).toFixed(0)} GB that can be used`);
}

function showTime(show: Show, { time }: FittingLayout): void {
  const parts = ["compute", "tensor", "experts", "pipeline", "data", "optimizer", "total"] as const;
  const rows = parts
    .filter((part) => time[part] > 0)
    .map((part) => ({
      time: part,
      s: Number(time[part].toPrecision(3)),
      "of a step": `${((100 * time[part]) / time.total).toFixed(1)} %`,
    }));
  show.table(rows, "Time of a step by part");
}

/** Lines of at most 70 letters, since the rank stands in front, broken between words. */
function wrapped(show: Show, text: string): void {
  let line = "";
  for (const word of text.split(" ")) {
    if (line.length + word.length > 69) {
      show.line(line);
      line = "   ";
    }
    line += line.trim() === "" ? word : ` ${word}`;
  }
  show.line(line);
}
