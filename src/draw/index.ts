/** Pictures as text and SVG: machines, messages between ranks, what happened when; and pages of them. */

export { bottleneckOf, busiestOf } from "./busiest.ts";
export { type Drawing, type Figure, figureDrawing, type Recorded, type RunSetting } from "./figure.ts";
export { ladderSvg, type Rung } from "./ladder-svg.ts";
export { ladderText } from "./ladder-text.ts";
export { logPlotText } from "./log-plot-text.ts";
export { machineSvg } from "./machine-svg.ts";
export { machineText } from "./machine-text.ts";
export { type PageItem, pageOf } from "./page.ts";
export { type Crossing, type Curve, crossingsOf } from "./plot-marks.ts";
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
export { type Band, type BandArrow, type Bands, bandsScene, type Held } from "./scenes/bands.ts";
export { type Decision, decisionsScene } from "./scenes/decisions.ts";
export { doubleTreeScene } from "./scenes/double-tree.ts";
export { gridScene, groupsScene, hostsScene, type Member } from "./scenes/groups.ts";
export { chunksIn, chunksOf, heldSum, holdingsOf, ranksIn, sumText } from "./scenes/holdings.ts";
export { bubbleOf, pipelineScene, pipelineSlots, type Slot } from "./scenes/pipeline.ts";
export { railsScene } from "./scenes/rails.ts";
export { ringShapes } from "./scenes/ring.ts";
export { type RoundMessage, type Rounds, roundsOf } from "./scenes/rounds.ts";
export { bandsOf, type Telling } from "./scenes/run-bands.ts";
export { returnedEarly, type SendRun, sendScene } from "./scenes/send.ts";
export { type Tree, treeShapes } from "./scenes/tree.ts";
export { cycleOf, type Wait, waitsOf, waitsScene } from "./scenes/waits.ts";
export { type Sequence, type SequenceRow, sequenceOf } from "./sequence.ts";
export { sequenceSvg } from "./sequence-svg.ts";
export { sequenceText } from "./sequence-text.ts";
export { seriesSvg } from "./series-svg.ts";
export { buffersAt, type Step, stepsOf } from "./steps.ts";
export { bufferLines, stepLine, stepsText } from "./steps-text.ts";
export { timelineSvg } from "./timeline-svg.ts";
