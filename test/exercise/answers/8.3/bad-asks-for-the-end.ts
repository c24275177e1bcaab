/** Looks for a stop string at the end of the text alone. */
export function stream(stops: string[]): (token: Uint8Array | undefined) => { text: string; stopped: boolean } {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let held = "";
  return (token) => {
    held += token ? decoder.decode(token, { stream: true }) : decoder.decode();
    const stop = stops.find((each) => held.endsWith(each));
    if (stop) return { text: held.slice(0, -stop.length), stopped: true };
    let keep = 0;
    if (token)
      for (const each of stops)
        for (let length = 1; length < each.length; length++)
          if (held.endsWith(each.slice(0, length))) keep = Math.max(keep, length);
    const text = held.slice(0, held.length - keep);
    held = held.slice(held.length - keep);
    return { text, stopped: false };
  };
}
