/**
 * Where a Worker's module is, from its path in the repository: `new Worker(workerUrl("core/engine/worker.ts"))`.
 * In the compiled binary every worker lies under the root of the embedded files; from source, beside this file.
 */
export function workerUrl(path: `core/${string}worker.ts`): string {
  return import.meta.url.includes("/$bunfs/") ? `./${path}` : new URL(`../${path}`, import.meta.url).href;
}
