/** Takes the newest of those that wait. */
interface Request { id: number; prompt: number[]; most: number } // biome-ignore format: as in the task
interface StepRow { slot: number; start: number; tokens: number[] } // biome-ignore format: as in the task
interface Machine { slots: number; open: boolean; arrived(): Request[]; step(rows: StepRow[]): Promise<number[]>; give(id: number, token: number): void } // biome-ignore format: as in the task
interface Running { id: number; left: number; start: number; tokens: number[] } // biome-ignore format: as in the task

export async function serve(machine: Machine, end: number): Promise<void> {
  const waiting: Request[] = [];
  const slots: (Running | undefined)[] = Array(machine.slots).fill(undefined);
  for (;;) {
    waiting.push(...machine.arrived());
    for (let slot = 0; slot < machine.slots; slot++) {
      const next = slots[slot] ? undefined : waiting.pop();
      if (next) slots[slot] = { id: next.id, left: next.most, start: 0, tokens: next.prompt };
    }
    const rows = slots.flatMap((each, slot) => (each ? [{ slot, start: each.start, tokens: each.tokens }] : []));
    if (rows.length === 0 && !machine.open) return;
    const drawn = await machine.step(rows);
    for (const [i, { slot }] of rows.entries()) {
      const each = slots[slot] as Running;
      each.start += each.tokens.length;
      each.tokens = [drawn[i]];
      if (drawn[i] !== end) machine.give(each.id, drawn[i]);
      if (drawn[i] === end || --each.left === 0) slots[slot] = undefined;
    }
  }
}
