// Exercise 1.1: a world of eight. Every rank says who it is; then the ranks count themselves.
import { defineScript } from "worldsize";

export default defineScript({
  about: "Eight ranks say who they are, and count themselves.",
  ranks: 4,
  async main({ world, device, show }) {
    show.line("hello");
    // Every rank contributes a 1. A collective adds them up. Rank 0 shows the sum.
  },
});
