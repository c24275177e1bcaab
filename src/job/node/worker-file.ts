/** The built threads and processes of a job, seen from dist/ and from src/script/node/. */

/** What runs ranks: a thread of a job, or the process of one rank; and what runs their streams. */
export function workerFile(
  name: "worker" | "rank-process" | "stream-worker" | "comm-worker" | "blas-probe" | "team-worker" = "worker",
): URL {
  const built = import.meta.url.includes("/dist/");
  return new URL(built ? `./${name}.js` : `../../../dist/${name}.js`, import.meta.url);
}
