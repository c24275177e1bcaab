/** Holds what could begin the last stop string of the list, whatever the others need. */
export function stream(stops: string[]): (token: Uint8Array | undefined) => { text: string; stopped: boolean } {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let held = "";
  return (token) => {
    held += token ? decoder.decode(token, { stream: true }) : decoder.decode();
    for (let end = 1; end <= held.length; end++) {
      const stop = stops.find((each) => held.slice(0, end).endsWith(each));
      if (stop !== undefined) return { text: held.slice(0, end - stop.length), stopped: true };
    }
    let keep = 0;
    if (token)
      for (const each of stops)
        for (let length = 1; length < each.length; length++) if (held.endsWith(each.slice(0, length))) keep = length;
    const text = held.slice(0, held.length - keep);
    held = held.slice(held.length - keep);
    return { text, stopped: false };
  };
}
