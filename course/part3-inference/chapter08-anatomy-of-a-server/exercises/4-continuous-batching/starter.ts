// Exercise 8.4: a loop that serves one request after the other, each alone.
interface Request {
  id: number;
  prompt: number[];
  most: number;
}

interface Row {
  slot: number;
  start: number;
  tokens: number[];
}

interface Machine {
  slots: number;
  open: boolean;
  arrived(): Request[];
  step(rows: Row[]): Promise<number[]>;
  give(id: number, token: number): void;
}

/** Serves until nobody is left and nobody comes. */
export async function serve(machine: Machine, end: number): Promise<void> {
  while (true) {
    const requests = machine.arrived();
    if (requests.length === 0 && !machine.open) return;
    if (requests.length === 0) await machine.step([]); // nothing to do: time passes
    for (const { id, prompt, most } of requests) {
      let [start, tokens] = [0, prompt];
      for (let given = 0; given < most; given++) {
        const [token] = await machine.step([{ slot: 0, start, tokens }]);
        if (token === end) break;
        machine.give(id, token);
        start += tokens.length;
        tokens = [token];
      }
    }
  }
}
