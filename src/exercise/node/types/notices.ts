/**
 * What TypeScript sees in an answer before it runs: errors of types, promises that nobody awaits, and
 * async functions where nobody waits for one. These are hints: types do not decide whether an answer
 * is right, so a notice never fails it.
 */
import type * as TypeScript from "typescript";

type Ts = typeof TypeScript;

/** A line of the answer, and what is to be said of it. */
export interface Notice {
  /** From 1. */
  readonly line: number;
  readonly text: string;
}

/** Notices of an answer that are shown. */
const MOST = 5;
/** Characters of a piece of the answer that are quoted. */
const QUOTED = 40;

/** Notices of one answer after the other; what they import is read once. */
export class Noticer {
  readonly #ts: Ts;
  readonly #service: TypeScript.LanguageService;
  #file = "";
  #version = 0;

  /** @param library the file that `worldsize` stands for. */
  constructor(ts: Ts, library: string) {
    this.#ts = ts;
    const globals = "/globals.d.ts";
    const options: TypeScript.CompilerOptions = {
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      allowImportingTsExtensions: true,
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.ESNext,
      moduleResolution: ts.ModuleResolutionKind.Bundler,
      lib: ["lib.es2023.d.ts", "lib.esnext.disposable.d.ts"],
      types: [],
      baseUrl: "/",
      paths: { worldsize: [library] },
    };
    const fixed = new Map<string, TypeScript.IScriptSnapshot>([[globals, ts.ScriptSnapshot.fromString(ambient)]]);
    this.#service = ts.createLanguageService({
      getCompilationSettings: () => options,
      getScriptFileNames: () => [globals, this.#file],
      getScriptVersion: (name) => (name === this.#file ? String(this.#version) : "0"),
      getScriptSnapshot: (name) => {
        const known = name === this.#file ? undefined : fixed.get(name);
        if (known) return known;
        const text = ts.sys.readFile(name);
        if (text === undefined) return undefined;
        const snapshot = ts.ScriptSnapshot.fromString(text);
        if (name !== this.#file) fixed.set(name, snapshot);
        return snapshot;
      },
      getCurrentDirectory: () => "/",
      getDefaultLibFileName: (given) => ts.getDefaultLibFilePath(given),
      fileExists: (name) => fixed.has(name) || ts.sys.fileExists(name),
      readFile: ts.sys.readFile,
      directoryExists: ts.sys.directoryExists,
      getDirectories: ts.sys.getDirectories,
    });
  }

  /** @param file the answer, as it is on the disk now. @returns the first few notices, by line. */
  noticesOf(file: string): Notice[] {
    const ts = this.#ts;
    this.#file = file;
    this.#version++;
    const program = this.#service.getProgram();
    const source = program?.getSourceFile(file);
    if (!program || !source) return [];
    if (program.getSyntacticDiagnostics(source).length > 0) return []; // the compiler says so, and nothing runs
    const lineOf = (at: number): number => source.getLineAndCharacterOfPosition(at).line + 1;
    const notices = program
      .getSemanticDiagnostics(source)
      .filter(({ code }) => code < 7000 || code > 7999) // that a type was left out is no news
      .map(({ start = 0, messageText }) => {
        const text = ts.flattenDiagnosticMessageText(messageText, " ");
        return { line: lineOf(start), text: /[.?]$/.test(text) ? text : `${text}.` };
      });
    const checker = program.getTypeChecker();
    const visit = (node: TypeScript.Node): void => {
      const text = asynchronous(ts, checker, node);
      if (text)
        notices.push({ line: lineOf(node.getStart(source)), text: text.replace("%", () => quoted(node, source)) });
      ts.forEachChild(node, visit);
    };
    visit(source);
    return notices.sort((a, b) => a.line - b.line).slice(0, MOST);
  }
}

/** What is wrong with a node that starts something and does not wait for it; `%` stands for its text. */
function asynchronous(ts: Ts, checker: TypeScript.TypeChecker, node: TypeScript.Node): string | undefined {
  if (ts.isExpressionStatement(node)) {
    const { expression } = node;
    if (isHandled(ts, expression) || !isThenable(checker, expression)) return undefined;
    return "`%` is started here and never awaited: write await before it, or keep it and await it later.";
  }
  if (!ts.isCallExpression(node)) return undefined;
  const waits = node.arguments.find((each, i) => isAsync(ts, each) && returnsVoid(ts, checker, node, i));
  return waits && "`%` calls an async function and does not wait for it: a for loop with await inside does.";
}

/** Assignments keep what they are given; void, and a second function of then, say that it is meant. */
function isHandled(ts: Ts, expression: TypeScript.Expression): boolean {
  if (ts.isBinaryExpression(expression)) return expression.operatorToken.kind === ts.SyntaxKind.EqualsToken;
  if (ts.isVoidExpression(expression) || ts.isAwaitExpression(expression)) return true;
  if (!ts.isCallExpression(expression) || !ts.isPropertyAccessExpression(expression.expression)) return false;
  const { name } = expression.expression;
  const given = expression.arguments.length;
  return (name.text === "catch" && given > 0) || (name.text === "then" && given > 1);
}

function isThenable(checker: TypeScript.TypeChecker, node: TypeScript.Expression): boolean {
  const then = checker.getTypeAtLocation(node).getProperty("then");
  return then !== undefined && checker.getTypeOfSymbolAtLocation(then, node).getCallSignatures().length > 0;
}

function isAsync(ts: Ts, node: TypeScript.Expression): boolean {
  if (!ts.isArrowFunction(node) && !ts.isFunctionExpression(node)) return false;
  return node.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.AsyncKeyword) ?? false;
}

/** Whether a call takes, as this argument, a function of whose result it makes nothing. */
function returnsVoid(ts: Ts, checker: TypeScript.TypeChecker, call: TypeScript.CallExpression, at: number): boolean {
  const parameter = checker.getResolvedSignature(call)?.parameters[at];
  if (!parameter) return false;
  const signatures = checker.getTypeOfSymbolAtLocation(parameter, call).getCallSignatures();
  return signatures.length > 0 && signatures.every((each) => (each.getReturnType().flags & ts.TypeFlags.Void) !== 0);
}

/** The first line of a piece of the answer, not too long. */
function quoted(node: TypeScript.Node, source: TypeScript.SourceFile): string {
  const [line, ...more] = node.getText(source).replace(/;$/, "").split("\n");
  return line.length > QUOTED || more.length > 0 ? `${line.slice(0, QUOTED).trimEnd()}…` : line;
}

/** What answers may use besides the language: names that need no types here. */
const ambient = [
  ...["console", "performance", "crypto", "setTimeout", "clearTimeout", "setInterval", "clearInterval"],
  ...["queueMicrotask", "structuredClone", "atob", "btoa", "URL", "URLSearchParams", "TextEncoder", "TextDecoder"],
  ...["AbortController", "AbortSignal", "Event", "EventTarget", "CustomEvent", "DOMException", "Float16Array"],
]
  .map((name) => `declare var ${name}: any;`)
  .join("\n");
