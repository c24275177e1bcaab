// Text from tokens: whole characters only, and nothing that a stop string may yet take.

/** @returns what takes a token's bytes, undefined for the end, and gives the text that is certain now. */
export function stream(stops: string[]): (token: Uint8Array | undefined) => { text: string; stopped: boolean } {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let held = "";
  return (token) => {
    const fresh = token ? decoder.decode(token, { stream: true }) : decoder.decode();
    const text = held + fresh;
    let found: { at: number; end: number } | undefined;
    for (const stop of stops) {
      const at = text.indexOf(stop);
      const end = at + stop.length;
      if (at >= 0 && end < (found?.end ?? Infinity)) found = { at, end };
    }
    if (found) return { text: text.slice(0, found.at), stopped: true };
    const keep = token ? begun(text, stops) : 0;
    held = text.slice(text.length - keep);
    return { text: text.slice(0, text.length - keep), stopped: false };
  };
}

/** Characters at the end of a text with which some stop string begins. */
function begun(text: string, stops: string[]): number {
  let most = 0;
  for (const stop of stops)
    for (let length = Math.min(stop.length - 1, text.length); length > most; length--)
      if (text.endsWith(stop.slice(0, length))) most = length;
  return most;
}
