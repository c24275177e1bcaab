/** Jobs in a page. */
export { type PageJobOptions, runPageJob } from "./page-job.ts";
