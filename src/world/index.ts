/** Process groups and collectives. */
export { buildLocalWorld, buildShmRank, type Rank, type ShmControl, takeShmControl } from "./build.ts";
export { JobError } from "./engine.ts";
export { ProcessGroup } from "./group.ts";
export type { Contiguous, Operator } from "./operation.ts";
export { ShmLayout } from "./shm-layout.ts";
export { captureSite, formatSite, userFrame } from "./site.ts";
export { allGatherAlgorithms, allReduceAlgorithms, defaultTable, type TuningTable } from "./tuner.ts";
export { Work } from "./work.ts";
