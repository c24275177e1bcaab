type Machine = {
  slots: number;
  open: boolean;
  arrived(): { id: number; prompt: number[]; most: number }[];
  step(rows: { slot: number; start: number; tokens: number[] }[]): Promise<number[]>;
  give(id: number, token: number): void;
};

export async function serve(machine: Machine, end: number): Promise<void> {
  let running: { id: number; slot: number; start: number; tokens: number[]; left: number }[] = [];
  const waiting: { id: number; prompt: number[]; most: number }[] = [];
  while (machine.slots > 0) {
    waiting.push(...machine.arrived());
    for (let slot = 0; slot < machine.slots && waiting.length > 0; slot++) {
      if (running.some((each) => each.slot === slot)) continue;
      const [{ id, prompt, most }] = waiting.splice(0, 1);
      running.push({ id, slot, start: 0, tokens: prompt, left: most });
    }
    const drawn = await machine.step(running.map(({ slot, start, tokens }) => ({ slot, start, tokens })));
    running.forEach((each, i) => {
      each.start += each.tokens.length;
      each.tokens = [drawn[i]];
      each.left = drawn[i] === end ? 0 : each.left - 1;
      if (drawn[i] !== end) machine.give(each.id, drawn[i]);
    });
    running = running.filter(({ left }) => left > 0);
  }
}
