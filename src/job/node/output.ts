/** Where what ranks print comes from and goes to in Node: the streams of a process. */
import type { Output, OutputOptions, OutputSender, PrintStream } from "../output.ts";

const streams: readonly PrintStream[] = ["stdout", "stderr"];

/** Hands output on. */
export function handOn(output: Output, { onShown, onPrinted }: OutputOptions): void {
  if (output.type === "shown") onShown?.(output.rank, output.shown);
  else if (onPrinted) onPrinted(output.rank, output.stream, output.text);
  else process[output.stream].write(output.text);
}

/** From now on, what the calling thread prints goes to a sender, in the name of a rank. */
export function capture(sender: OutputSender, rank: number): void {
  for (const stream of streams) {
    // Node's own way to the parent keeps later lines back until earlier ones are taken, and loses them at the end.
    process[stream]._writev = (chunks, done) => {
      for (const { chunk, encoding } of chunks) sender.print(rank, stream, textOf(chunk, encoding));
      done();
    };
  }
}

function textOf(chunk: string | Uint8Array, encoding: BufferEncoding): string | Uint8Array {
  const plain = typeof chunk !== "string" || encoding === "utf8" || encoding === "utf-8";
  return plain ? chunk : Buffer.from(chunk, encoding);
}
