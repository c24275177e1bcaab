/** Pictures as text and SVG: machines, messages between ranks, what happened when; and pages of them. */

export { type Band, type BandArrow, type Bands, bandsScene, type Held } from "./bands.ts";
export { bottleneckOf, busiestOf } from "./busiest.ts";
export { type Decision, decisionsScene } from "./decisions-scene.ts";
export { doubleTreeScene } from "./double-tree-scene.ts";
export { type Figure, figureScene, type Recorded, type RunSetting } from "./figure.ts";
export { gridScene, groupsScene, hostsScene, type Member } from "./groups-scene.ts";
export { chunksIn, chunksOf, heldSum, holdingsOf, ranksIn, sumText } from "./holdings.ts";
export { ladderSvg, type Rung } from "./ladder-svg.ts";
export { machineSvg } from "./machine-svg.ts";
export { machineText } from "./machine-text.ts";
export { type PageItem, pageOf } from "./page.ts";
export { bubbleOf, pipelineScene, pipelineSlots, type Slot } from "./pipeline-scene.ts";
export { type Crossing, type Curve, crossingsOf } from "./plot-marks.ts";
export { type LogPlot, logPlotSvg } from "./plot-svg.ts";
export { railsScene } from "./rails-scene.ts";
export { ringShapes } from "./ring-scene.ts";
export { type RoundMessage, type Rounds, roundsOf } from "./rounds.ts";
export { bandsOf, type Telling } from "./run-bands.ts";
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
export { returnedEarly, type SendRun, sendScene } from "./send-scene.ts";
export { type Sequence, type SequenceRow, sequenceOf } from "./sequence.ts";
export { sequenceSvg } from "./sequence-svg.ts";
export { sequenceText } from "./sequence-text.ts";
export { seriesSvg } from "./series-svg.ts";
export { buffersAt, type Step, stepsOf } from "./steps.ts";
export { bufferLines, stepLine, stepsText } from "./steps-text.ts";
export { timelineSvg } from "./timeline-svg.ts";
export { type Tree, treeShapes } from "./tree-scene.ts";
export { cycleOf, type Wait, waitsOf, waitsScene } from "./waits-scene.ts";
