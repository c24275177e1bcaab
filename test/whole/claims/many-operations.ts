// More operations than a flight recorder keeps.
import { defineScript } from "worldsize";

export default defineScript({
  about: "Calls 1,100 collectives.",
  ranks: 1,
  async main({ world }) {
    for (let i = 0; i < 1100; i++) await world.barrier();
    throw new Error("a failure, for which the recorder is kept");
  },
});
