/**
 * Imports whose module is known only when they run, as in `import(name)`: the bundler leaves them as they
 * are, and Node would look from where the bundle lies. They become calls of a function that looks from the
 * file's own place, whose name is as long as the word `import`, so that no column moves.
 */
import type { Loader } from "esbuild";

/** The name of that function in a file. */
export const LATE_IMPORT = "__late_".slice(0, "import".length);

/** An import of what is neither a plain string nor a pattern that the bundler understands. */
const late = /\bimport(?=\s*\(\s*(?:[^\s"'`]|`\$\{))/g;

/** @returns the source with its late imports renamed; the same text if there are none. */
export async function renameLateImports(source: string, ending: string): Promise<string> {
  const found = [...source.matchAll(late)].map(({ index }) => index);
  if (found.length === 0) return source;
  const { transform } = await import("esbuild");
  // Not each is one: it may be in a string, a comment, a pattern. Those that are calls become other names.
  const names = found.map((_, i) => `_${String(i).padStart(5, "0")}`);
  const define = Object.fromEntries(names.map((name) => [name, `${LATE_IMPORT}${name}`]));
  const loader = ending.replace(/^\.[cm]?/, "") as Loader;
  try {
    const { code } = await transform(replaced(source, found, names), { loader, define, logLevel: "silent" });
    const calls = found.filter((_, i) => code.includes(`${LATE_IMPORT}${names[i]}(`));
    return replaced(
      source,
      calls,
      calls.map(() => LATE_IMPORT),
    );
  } catch {
    return source; // the bundler says what does not parse
  }
}

/** A text with other words, equally long, at some of its places. */
function replaced(text: string, places: readonly number[], words: readonly string[]): string {
  let end = 0;
  const parts = places.map((place, i) => {
    const part = text.slice(end, place) + words[i];
    end = place + words[i].length;
    return part;
  });
  return parts.join("") + text.slice(end);
}
