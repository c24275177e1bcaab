// `npm run docs`: an API reference of everything public, from the docstrings, into docs/api/ (or another folder).
import { mkdirSync, writeFileSync } from "node:fs";
import { join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { entries, publicProgram, root } from "./public.mjs";

/** With slashes on every system, as the compiler names files. */
const sources = join(root, "src").replaceAll(sep, "/");

/**
 * Everything public: `{ entry, name, kind, code, text, members }`, members of classes and namespaces being such again.
 * `text` is empty where a docstring is missing.
 */
export function readApi() {
  const program = publicProgram();
  const checker = program.getTypeChecker();

  const textOf = (symbol) => {
    const tags = symbol
      .getJsDocTags(checker)
      .map(({ name, text }) => `@${name} ${ts.displayPartsToString(text)}`.trim());
    return [ts.displayPartsToString(symbol.getDocumentationComment(checker)).trim(), ...tags]
      .filter(Boolean)
      .join("\n");
  };
  const codeOf = (symbol, declaration) => {
    if (ts.isTypeAliasDeclaration(declaration) || ts.isInterfaceDeclaration(declaration)) {
      return declaration.getText().replace(/^export /, "");
    }
    if (ts.isClassDeclaration(declaration)) return `class ${symbol.name}`;
    return `${symbol.name}: ${checker.typeToString(checker.getTypeOfSymbol(symbol), declaration, ts.TypeFlags.None)}`;
  };
  const isShown = (property) => {
    const declaration = property.declarations?.[0];
    if (!declaration?.getSourceFile().fileName.startsWith(sources)) return false;
    const hidden = ts.ModifierFlags.Private | ts.ModifierFlags.Protected;
    const isName = property.name === "name" && declaration.getText().includes("override readonly name");
    return !(ts.getCombinedModifierFlags(declaration) & hidden) && !/^(__|#)/.test(property.name) && !isName;
  };
  const describe = (entry, exported) => {
    const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
    const declaration = symbol.declarations?.[0];
    if (!declaration) return [];
    const common = { entry, name: exported.name, text: textOf(symbol) };
    if (ts.isSourceFile(declaration)) {
      const members = checker.getExportsOfModule(symbol).flatMap((each) => describe(entry, each));
      const text = ts
        .getLeadingCommentRanges(declaration.text, 0)
        ?.map(({ pos, end }) => declaration.text.slice(pos, end));
      const intro = (text?.[0] ?? "")
        .replace(/^\/\*\*|\*\/$/g, "")
        .replace(/^\s*\*/gm, "")
        .trim();
      return [{ ...common, text: intro, kind: "namespace", code: exported.name, members }];
    }
    const kind = ts.SyntaxKind[declaration.kind].replace(/Declaration$/, "").toLowerCase();
    const members = ts.isClassDeclaration(declaration)
      ? checker
          .getDeclaredTypeOfSymbol(symbol)
          .getProperties()
          .filter(isShown)
          .map((each) => ({
            entry,
            name: each.name,
            kind: "member",
            code: codeOf(each, each.declarations[0]),
            text: textOf(each),
            members: [],
          }))
      : [];
    return [{ ...common, kind, code: codeOf(symbol, declaration), members }];
  };
  return Object.entries(entries).flatMap(([entry, file]) => {
    const module = checker.getSymbolAtLocation(program.getSourceFile(join(root, file)));
    return checker.getExportsOfModule(module).flatMap((exported) => describe(entry, exported));
  });
}

/** One page of Markdown. */
function page(entry, items) {
  const section = ({ name, code, text, members }, level) => [
    `${"#".repeat(level)} ${name}`,
    `\`\`\`ts\n${code}\n\`\`\``,
    text,
    ...members.flatMap((member) => section(member, level + 1)),
  ];
  return `${[`# ${entry}`, ...items.flatMap((item) => section(item, 2))].filter(Boolean).join("\n\n")}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = process.argv[2] ?? join(root, "docs/api");
  mkdirSync(folder, { recursive: true });
  const api = readApi();
  for (const entry of Object.keys(entries)) {
    const file = join(folder, `${entry.replace("/", "-")}.md`);
    writeFileSync(
      file,
      page(
        entry,
        api.filter((item) => item.entry === entry),
      ),
    );
    console.log(file);
  }
}
