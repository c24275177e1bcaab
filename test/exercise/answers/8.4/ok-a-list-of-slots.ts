type Request = { id: number; prompt: number[]; most: number };
type Row = { slot: number; start: number; tokens: number[] };
type Machine = {
  slots: number;
  open: boolean;
  arrived(): Request[];
  step(rows: Row[]): Promise<number[]>;
  give(id: number, token: number): void;
};

export async function serve(machine: Machine, end: number): Promise<void> {
  const queue: Request[] = [];
  const slots: ({ request: Request; tokens: number[]; ran: number } | undefined)[] = Array(machine.slots).fill(
    undefined,
  );
  for (;;) {
    queue.push(...machine.arrived());
    slots.forEach((each, slot) => {
      const request = each ? undefined : queue.shift();
      if (request) slots[slot] = { request, tokens: [...request.prompt], ran: 0 };
    });
    const rows: Row[] = [];
    slots.forEach((each, slot) => {
      if (each) rows.push({ slot, start: each.ran, tokens: each.tokens.slice(each.ran) });
    });
    if (rows.length === 0 && !machine.open) return;
    const next = await machine.step(rows);
    rows.forEach(({ slot }, i) => {
      const each = slots[slot];
      if (!each) return;
      each.ran = each.tokens.length;
      if (next[i] !== end) {
        each.tokens.push(next[i]);
        machine.give(each.request.id, next[i]);
      }
      const full = each.tokens.length - each.request.prompt.length === each.request.most;
      if (next[i] === end || full) slots[slot] = undefined;
    });
  }
}
