/** Keeps all bytes, and looks at everything again each time. */
export function stream(stops: string[]): (token: Uint8Array | undefined) => { text: string; stopped: boolean } {
  const bytes: number[] = [];
  let given = 0;
  return (token) => {
    bytes.push(...(token ?? []));
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    const all = decoder.decode(Uint8Array.from(bytes), { stream: token !== undefined });
    for (let end = 1; end <= all.length; end++) {
      const stop = stops.find((each) => all.slice(0, end).endsWith(each));
      if (stop === undefined) continue;
      return { text: all.slice(given, end - stop.length), stopped: true };
    }
    let certain = all.length;
    if (token)
      for (let at = all.length - 1; at >= given; at--)
        if (stops.some((stop) => stop.startsWith(all.slice(at)))) certain = at;
    const text = all.slice(given, certain);
    given = certain;
    return { text, stopped: false };
  };
}
