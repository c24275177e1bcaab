// Continuous batching (Orca; Yu et al., 2022): after each step whoever has ended goes, and whoever waits comes in.
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

interface Sequence extends Row {
  id: number;
  left: number;
}

/** Serves until nobody is left and nobody comes. */
export async function serve(machine: Machine, end: number): Promise<void> {
  const waiting: Request[] = [];
  let running: Sequence[] = [];
  for (;;) {
    waiting.push(...machine.arrived());
    for (let slot = 0; slot < machine.slots; slot++) {
      if (running.some((each) => each.slot === slot)) continue;
      const next = waiting.shift();
      if (next) running.push({ id: next.id, slot, start: 0, tokens: next.prompt, left: next.most });
    }
    if (running.length === 0 && !machine.open) return;
    const drawn = await machine.step(running.map(({ slot, start, tokens }) => ({ slot, start, tokens })));
    for (const [i, sequence] of running.entries()) {
      sequence.start += sequence.tokens.length;
      sequence.tokens = [drawn[i]];
      if (drawn[i] === end) sequence.left = 0;
      else {
        machine.give(sequence.id, drawn[i]);
        sequence.left--;
      }
    }
    running = running.filter(({ left }) => left > 0);
  }
}
