/** Pictures as text and SVG: machines, messages between ranks, what happened when; and pages of them. */

export { bottleneckOf, busiestOf } from "./busiest.ts";
export { gridScene, groupsScene, hostsScene, type Member } from "./groups-scene.ts";
export { ladderSvg, type Rung } from "./ladder-svg.ts";
export { machineSvg } from "./machine-svg.ts";
export { machineText } from "./machine-text.ts";
export { type PageItem, pageOf } from "./page.ts";
export { type LogPlot, logPlotSvg } from "./plot-svg.ts";
export {
  type Ink,
  letterOf,
  moved,
  type Point,
  type Scene,
  type Shape,
} from "./scene.ts";
export { sceneSvg } from "./scene-svg.ts";
export { sceneText } from "./scene-text.ts";
export { type Sequence, type SequenceRow, sequenceOf } from "./sequence.ts";
export { sequenceSvg } from "./sequence-svg.ts";
export { sequenceText } from "./sequence-text.ts";
export { seriesSvg } from "./series-svg.ts";
export { buffersAt, type Step, stepsOf } from "./steps.ts";
export { bufferLines, stepLine, stepsText } from "./steps-text.ts";
export { timelineSvg } from "./timeline-svg.ts";
export { cycleOf, type Wait, waitsOf, waitsScene } from "./waits-scene.ts";
