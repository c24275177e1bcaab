// Exercise 2.4's starter on three ranks: each sends to its right before it receives.
import { defineScript } from "worldsize";
import { cycleOf, type Figure, waitsOf, waitsScene } from "worldsize/draw";
import { exchange } from "../exercises/4-repair-a-deadlock/starter.ts";

export default defineScript({
  about: "Three ranks send first, and receive never.",
  ranks: 3,
  async main({ world, device }) {
    const edge = () => device.zeros([2]);
    await exchange(world, { left: edge(), right: edge() }, { left: edge(), right: edge() });
  },
});

export const figure: Figure = {
  about: "A deadlock as a cycle: each of three ranks waits in send for the next one to receive.",
  fails: true,
  draw: ({ traffic }) => waitsScene(cycleOf(waitsOf(traffic)), "Each waits for the next, and nobody can move"),
};
