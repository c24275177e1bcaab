// A rank's first random number, and what happens to numbers that are too large.
import { defineScript } from "worldsize";

export default defineScript({
  about: "Limits of numbers.",
  async main({ device, random, show, sleep }) {
    show.line(String(random()));
    const said = (body: () => unknown): void => {
      try {
        body();
        show.line("nothing");
      } catch (error) {
        show.line((error as Error).message);
      }
    };
    said(() => device.empty([2 ** 31], "u8"));
    for (const seed of [0.5, 2 ** 53, Number.NaN]) said(() => device.rand([2], { seed }));
    const long = sleep(2 ** 40).then(() => "awake at once");
    show.line(await Promise.race([long, sleep(20).then(() => "asleep")]));
  },
});
