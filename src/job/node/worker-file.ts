/** The files that threads and processes of a job run, seen from dist/ and from src/job/node/. */

/** What a thread runs, whatever its role; the process of one rank; the trial of a BLAS. */
export function workerFile(name: "thread" | "rank-process" | "blas-probe" | "type-check"): URL {
  const built = import.meta.url.includes("/dist/");
  return new URL(built ? `./${name}.js` : `../../../dist/${name}.js`, import.meta.url);
}
