/** Finds places that write a field of a class from outside of it: state is the business of whoever keeps it. */
import { dirname, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

/** With slashes on every system, as the compiler names files. */
const root = dirname(dirname(dirname(fileURLToPath(import.meta.url)))).replaceAll(sep, "/");

/** @returns `src/a.ts:4 work.state of Work` for each. @param folder of sources. @param files in place of the project's own. */
export function fieldWrites(folder = `${root}/src/`, files?: readonly string[]): string[] {
  const { config } = ts.readConfigFile(`${root}/tsconfig.json`, ts.sys.readFile);
  const { options, fileNames } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const program = ts.createProgram(files ?? fileNames.filter((name) => name.startsWith(folder)), options);
  const checker = program.getTypeChecker();
  const found: string[] = [];
  const visit = (node: ts.Node, file: ts.SourceFile): void => {
    const target = written(node);
    const field = target && checker.getSymbolAtLocation(target.name)?.declarations?.[0];
    const owner = field?.parent;
    if (
      target &&
      owner &&
      ts.isClassDeclaration(owner) &&
      !ts.isAccessor(field) &&
      isOurs(owner) &&
      !within(node, owner)
    ) {
      const { line } = file.getLineAndCharacterOfPosition(node.getStart());
      found.push(`${relative(root, file.fileName)}:${line + 1} ${target.getText()} of ${owner.name?.text}`);
    }
    ts.forEachChild(node, (child) => visit(child, file));
  };
  const isOurs = (node: ts.Node): boolean => node.getSourceFile().fileName.startsWith(folder);
  const within = (node: ts.Node | undefined, owner: ts.ClassDeclaration): boolean => {
    if (!node) return false;
    if (ts.isClassDeclaration(node) && (node === owner || bases(node).includes(owner))) return true;
    return within(node.parent, owner);
  };
  const bases = (node: ts.ClassDeclaration): ts.Node[] =>
    (node.heritageClauses ?? []).flatMap(({ types }) =>
      types.flatMap((type) => {
        const base = checker.getTypeAtLocation(type).symbol?.declarations?.[0];
        return base && ts.isClassDeclaration(base) ? [base, ...bases(base)] : [];
      }),
    );
  for (const file of program.getSourceFiles()) if (file.fileName.startsWith(folder)) visit(file, file);
  return found;
}

/** The property that an assignment, ++ or -- changes. */
function written(node: ts.Node): ts.PropertyAccessExpression | undefined {
  let target: ts.Node | undefined;
  if (ts.isBinaryExpression(node)) {
    const { kind } = node.operatorToken;
    if (kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment) target = node.left;
  } else if (ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) {
    const { operator } = node;
    if (operator === ts.SyntaxKind.PlusPlusToken || operator === ts.SyntaxKind.MinusMinusToken) target = node.operand;
  }
  return target && ts.isPropertyAccessExpression(target) ? target : undefined;
}
