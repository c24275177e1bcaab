/** What of the engine needs files. */
export { DiskPages, type DiskPagesOptions, type PageFiles } from "./disk-pages.ts";
export type { PageForm } from "./page-file.ts";
