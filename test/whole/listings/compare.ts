/** Compares what the text shows as printed with what a command really printed. */

/** Numbers that differ from run to run, and blanks that a page breaks lines at. */
function steady(text: string): string {
  return text
    .replace(/\S+\/flight-\S+/g, "FOLDER")
    .replace(/\b(process|thread) \d+/g, "$1 #")
    .replace(/\b\d+(\.\d+)? ?(ms|µs|us|s|[KMG]B\/s)\b/g, "# $2")
    .replace(/\((ms|µs|s)\) \d+(\.\d+)?/g, "($1) #")
    .replace(/\s+/g, " ")
    .trim();
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
/** A pattern of shown text, in which … stands for anything. */
const pattern = (text: string): RegExp =>
  new RegExp(
    steady(text)
      .split("…")
      .map((part) => escaped(part))
      .join(".*?"),
  );

/**
 * Lines of a block that were not printed. Ranks speak in any order; a line that is no whole line of the
 * output may still be part of a message that the page had to break.
 */
export function linesMissing(shown: string, printed: string): string[] {
  const lines = printed.split("\n").map(steady);
  const flow = steady(printed);
  if (pattern(shown).test(flow)) return [];
  return shown.split("\n").filter((line) => {
    const wanted = line.trim();
    if (wanted === "" || wanted === "…") return false;
    const whole = new RegExp(`^${pattern(wanted).source}$`);
    return !lines.some((printedLine) => whole.test(printedLine));
  });
}
