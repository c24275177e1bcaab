/** All registers, in the order of the pages. */
import { chapter01 } from "./chapter01.ts";
import { chapter02 } from "./chapter02.ts";
import { chapter03 } from "./chapter03.ts";
import { chapter04 } from "./chapter04.ts";
import { chapter05 } from "./chapter05.ts";
import { chapter06 } from "./chapter06.ts";
import { chapter07 } from "./chapter07.ts";
import { chapter07Experts } from "./chapter07-experts.ts";
import { chapter07Layouts } from "./chapter07-layouts.ts";
import { chapter08 } from "./chapter08.ts";
import { chapter09 } from "./chapter09.ts";
import type { Register } from "./claim.ts";
import { front } from "./front.ts";
import { howTo } from "./how-to.ts";
import { machineRoom } from "./machine-room.ts";
import { measureModel } from "./model-room.ts";

export const registers: readonly Register[] = [
  front,
  howTo,
  chapter01,
  chapter02,
  chapter03,
  chapter04,
  chapter05,
  chapter06,
  chapter07,
  chapter07Layouts,
  chapter07Experts,
  chapter08,
  chapter09,
  machineRoom,
  measureModel,
];
