// The script send-recv-basic: every rank adds its number plus one to what arrives, and passes it on.
import { bandsOf, bandsScene, type Figure, type Held } from "worldsize/draw";

export { default } from "../scripts/send-recv-basic.ts";

const RANKS = 4;

export const figure: Figure = {
  about: "A tensor goes down a chain of four ranks, and each adds its own number: 1, then 3, then 6, then 10.",
  ranks: RANKS,
  draw(run) {
    const told = bandsOf(run, {
      label: (round) => `Round ${round + 1}`,
      arrow: (_, value) => `${value}`,
      piece: (value) => ({ text: `${value}` }),
    });
    // What the last rank adds is in no message; its line says what it found.
    const [line] = run.shown[RANKS - 1].slice(-1);
    const found = line?.kind === "line" ? /\d+$/.exec(line.text)?.[0] : undefined;
    const none: Held = { text: "", ink: "line" };
    let held: Held[] = told.before.map(([{ text }], rank) => (rank === 0 ? { text, ink: rank } : none));
    const before = held.map((each) => [each]);
    const bands = told.bands.map((band, round) => {
      const [{ to, label }] = band.arrows;
      const sum = to === RANKS - 1 ? found : band.after?.[to][0].text;
      held = held.with(to, { text: `${label}+${to + 1}=${sum}`, ink: to });
      return { ...band, label: `Step ${round + 1}`, after: held.map((each) => [each]) };
    });
    return bandsScene({
      title: "A tensor travels down a chain of ranks",
      ranks: RANKS,
      lane: 14,
      cell: 7,
      before,
      bands,
    });
  },
};
