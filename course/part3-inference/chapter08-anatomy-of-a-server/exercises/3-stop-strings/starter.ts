// Exercise 8.3: text from tokens. This one decodes each token by itself, and looks for stop strings there.

/** @returns what takes a token's bytes, undefined for the end, and gives the text that is certain now. */
export function stream(stops: string[]): (token: Uint8Array | undefined) => { text: string; stopped: boolean } {
  return (token) => {
    const text = new TextDecoder().decode(token ?? new Uint8Array());
    return { text, stopped: stops.some((stop) => text.includes(stop)) };
  };
}
