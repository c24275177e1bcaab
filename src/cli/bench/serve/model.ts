/** The model that serving is measured with: a Llama of 100 million random parameters, written anew for each bench. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../../scripts.ts";
import { printed } from "./child.ts";

/** The model's files. */
export interface BenchModel {
  /** As Hugging Face has models. */
  readonly folder: string;
  /** The same in q8_0; not there unless it was asked for. */
  readonly gguf: string;
  remove(): void;
}

/** Writes the model. @throws the signal's reason, if that comes first. */
export async function benchModel(signal: AbortSignal, { gguf = false } = {}): Promise<BenchModel> {
  const parent = mkdtempSync(join(tmpdir(), "worldsize-serve-"));
  const model = {
    folder: join(parent, "llama-100m"),
    gguf: join(parent, "llama-100m.gguf"),
    remove: () => rmSync(parent, { recursive: true, force: true }),
  };
  const program = [join(root, "bin/worldsize.mjs"), "run", join(root, "bench/serve-model.ts"), "-n", "1"];
  const options = ["--folder", model.folder, ...(gguf ? ["--gguf", model.gguf] : []), "--course", join(root, "course")];
  try {
    await printed([...program, ...options], "", signal);
    return model;
  } catch (error) {
    model.remove();
    throw error;
  }
}
