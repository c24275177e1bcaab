/** Checks the types of all `ts` blocks of the course by one run of the compiler, each with what its page has spoken of before. */
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import ts from "typescript";
import type { Block } from "../../helpers/pages.ts";

/** Names that the text uses without declaring them: what `main` is handed, and tensors that were made somewhere above. */
const prelude = `import {
  boolean, choice, type Context, defineScript, functional, number, type ProcessGroup, type Row, type Series,
  type Show, type Span, type Store, string, type Tensor, type TensorDevice, type Work,
} from "worldsize";
declare const context: Context;
declare const world: ProcessGroup, group: ProcessGroup, device: TensorDevice, store: Store, show: Show;
declare let x: Tensor, y: Tensor, a: Tensor, b: Tensor, c: Tensor, gradient: Tensor, mine: Tensor, whole: Tensor, matrix: Tensor;
declare const left: number, right: number, rank: number, size: number;
`;

/** A complete program, as opposed to a fragment. */
export const isProgram = ({ text }: Block): boolean => /^export default /m.test(text);

/** A signature, as tasks give it: the head of a function that the reader writes. */
const isSignature = ({ text }: Block): boolean =>
  /^export (async )?function /m.test(text) && !isProgram({ text } as Block);

/** What a block becomes to be checked: a module of its own. */
function moduleOf(block: Block): string {
  const { page, text } = block;
  if (isProgram(block)) return text;
  if (!isSignature(block)) return `${prelude}async function fragment() {\n${text}\n}\nvoid fragment;\n`;
  const declared = text.replace(/^export (async )?function /gm, "export declare function ");
  const solution = join(dirname(page), "solution.ts");
  const names = [...declared.matchAll(/^export declare function (\w+)/gm)].map(([, name]) => name);
  const sides =
    existsSync(solution) && /\bSides\b/.test(text)
      ? "interface Sides { readonly left: Tensor; readonly right: Tensor }\n"
      : "";
  const same = existsSync(solution)
    ? `import * as solution from ${JSON.stringify(resolve(solution))};\n${names
        .map((name) => `const ${name}_: typeof ${name} = solution.${name}; void ${name}_;`)
        .join("\n")}`
    : "";
  return `${prelude}${sides}${declared}\n${same}`;
}

/** What the compiler says of each block, by the block's place. Signatures must also fit the solution beside their task. */
export function typeErrors(blocks: readonly Block[]): Map<string, string[]> {
  const modules = new Map(blocks.map((block, i) => [resolve(`listing-${i}.ts`), { block, text: moduleOf(block) }]));
  const { config } = ts.readConfigFile("tsconfig.json", ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, process.cwd());
  Object.assign(options, { noImplicitAny: false, types: [] });
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile } = host;
  host.fileExists = (file) => modules.has(resolve(file)) || fileExists(file);
  host.readFile = (file) => modules.get(resolve(file))?.text ?? readFile(file);
  const program = ts.createProgram([...modules.keys()], options, host);
  const errors = new Map<string, string[]>();
  for (const [file, { block, text }] of modules) {
    const source = program.getSourceFile(file);
    const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
    if (found.length === 0) continue;
    const lines = found.map(({ messageText, start = 0 }) => {
      const line = text.slice(0, start).split("\n").length - 1;
      return `${ts.flattenDiagnosticMessageText(messageText, " ")} (in: ${text.split("\n")[line].trim()})`;
    });
    errors.set(block.place, lines);
  }
  return errors;
}
