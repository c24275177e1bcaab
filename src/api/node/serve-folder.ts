/** A model's folder behind OpenAI's protocol: device, weights, pages, engine, loop, endpoints, and the server over them. */
import { randomUUID } from "node:crypto";
import { basename, join, resolve } from "node:path";
import { type DecoderConfig, type KvDType, positionsOf, readConfig } from "../../models/index.ts";
import { nodePlatform } from "../../platform/node/node.ts";
import {
  checkMemory,
  Engine,
  EngineLoop,
  embedTokens,
  graphsThatFit,
  ModelRunner,
  noCache,
  PagePool,
  pagesThatFit,
  RadixTree,
  type WeightDType,
} from "../../serve/index.ts";
import type { TensorDevice } from "../../tensor/index.ts";
import { LiveView } from "../live/view.ts";
import { OpenAiService } from "../service.ts";
import { Metrics } from "./metrics.ts";
import { openModel, readNeeded } from "./open-model.ts";
import { type OpenTiers, openTiers, type TierOptions } from "./open-tiers.ts";
import { type Server, type ServerOptions, startServer } from "./server.ts";

/** What is served, and how. */
export interface ServeFolderOptions extends Omit<ServerOptions, "service" | "metrics" | "live">, TierOptions {
  /** As clients name it; the folder's name if not given. */
  readonly name?: string;
  /** Of the weights; f32 if not given. */
  readonly dtype?: WeightDType;
  /** Of keys and values; f32 if not given. */
  readonly kvDType?: KvDType;
  /** Tokens that there are keys and values for; if not given, as many as all sequences can have, or fit. */
  readonly kvTokens?: number;
  /** Tokens of a page; 16 if not given. */
  readonly pageSize?: number;
  /** Most tokens of a step; 512 if not given. */
  readonly maxTokens?: number;
  /** Most sequences at a time; 64 if not given. */
  readonly maxSequences?: number;
  /** Most requests that wait; 1,024 if not given. */
  readonly maxWaiting?: number;
  /** Most sequences of a step that is replayed as a graph when all of them decode, 0 for none; as many as fit if not given. */
  readonly graphs?: number;
  /** Whether prefixes are kept; true if not given. */
  readonly prefixCache?: boolean;
  /** Of the metrics' names; `worldsize:` if not given. */
  readonly metricsPrefix?: string;
}

/** A model that is served. */
export interface ServedFolder {
  readonly url: string;
  readonly service: OpenAiService;
  /** Bytes of the weights, and of the pages. */
  readonly bytes: { readonly weights: number; readonly pages: number };
  /** Finishes what runs, or aborts it, and frees all; may be called again to abort what is being finished. */
  close(options?: { readonly abort?: boolean }): Promise<void>;
}

/** Most tokens of keys and values that nobody asked for: positions are many in some models. */
const MOST_DEFAULT = 65_536;

/**
 * Reads a model and serves it.
 * @throws MemoryRefusal before weights are read, for what does not fit into a process; as openModel, openTiers and startServer do.
 */
export async function serveFolder(
  device: TensorDevice,
  folder: string,
  options: ServeFolderOptions,
): Promise<ServedFolder> {
  const { dtype = "f32", kvDType = "f32", pageSize = 16, maxTokens = 512, maxSequences = 64, maxWaiting } = options;
  const name = options.name ?? basename(resolve(folder));
  const config = await configOf(folder);
  const limits = { weights: dtype, kv: kvDType, pageSize, maxTokens, maxSequences } as const;
  const wanted = Math.min(maxSequences * positionsOf(config), MOST_DEFAULT);
  const pages = options.kvTokens
    ? Math.ceil(options.kvTokens / pageSize)
    : Math.max(1, Math.min(Math.ceil(wanted / pageSize), pagesThatFit(config, limits)));
  const kvTokens = pages * pageSize;
  checkMemory(config, { ...limits, kvTokens });
  const graphs = options.graphs ?? graphsThatFit(config, { ...limits, kvTokens });
  const opened = await openModel(device, folder, dtype);
  const weights = device.raw.memoryStats().allocated.current;
  const pool = new PagePool(pages, pageSize);
  const runner = new ModelRunner(opened.model, pool.pages, pageSize, { kvDType, graphs });
  /** Vectors that are being made: they use the model's memory, whoever still wants them. */
  const embeddings = new Set<Promise<Float32Array>>();
  let tiers: OpenTiers | undefined;
  const free = async (): Promise<void> => {
    await Promise.allSettled(embeddings);
    await tiers?.close();
    runner.dispose();
    opened.dispose();
  };
  const tree = options.prefixCache === false ? undefined : new RadixTree(pool);
  const { pageBytes } = runner.memory;
  try {
    tiers = await openTiers(options, { folder, pageSize, pageBytes, dtypes: `${dtype} ${kvDType}` });
  } catch (error) {
    await free();
    throw error;
  }
  const { store } = tiers;
  const engine = new Engine({ runner, pool, cache: tree ?? noCache, store, maxTokens, maxSequences });
  const { macrotask } = nodePlatform;
  const loop = new EngineLoop({ engine, tokenizer: opened.tokenizer, macrotask, maxWaiting });
  const clock = (): number => Date.now() / 1000;
  const { template, bos, eos, defaults } = opened;
  const positions = Math.min(positionsOf(config), pool.pages * pageSize);
  const service = new OpenAiService({
    model: {
      ...{ name, loop, positions, template, bos, eos, defaults },
      created: Math.floor(clock()),
      embed: (tokens) => {
        const vector = embedTokens(opened.model, tokens);
        embeddings.add(vector);
        return vector.finally(() => embeddings.delete(vector));
      },
    },
    macrotask,
    random: Math.random,
    uniqueId: () => randomUUID().replaceAll("-", ""),
    clock,
  });
  const metrics = new Metrics(loop, name, options.metricsPrefix ?? "worldsize:");
  const budget = { tokens: maxTokens, sequences: maxSequences };
  const live = new LiveView({ name, positions, loop, pool, tree, budget });
  let server: Server;
  try {
    server = await startServer({ ...options, service, metrics, live });
  } catch (error) {
    await free();
    throw error;
  }
  let closing: Promise<void> | undefined;
  const freed = async (done: Promise<unknown>): Promise<void> => {
    await done;
    await free();
  };
  return {
    url: server.url,
    service,
    bytes: { weights, pages: runner.kv.bytes },
    close({ abort = false } = {}) {
      const done = Promise.all([server.close({ abort }), loop.close({ abort })]);
      closing ??= freed(done);
      return closing;
    },
  };
}

/** What form a folder's model has. */
async function configOf(folder: string): Promise<DecoderConfig> {
  const file = join(folder, "config.json");
  return readConfig(await readNeeded(file, "nobody knows what form the model has"), file);
}
