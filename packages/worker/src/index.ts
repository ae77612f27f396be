/** The worker role: offline recordings, gap repair, maintenance sweeps. It has no HTTP. */
export type { WorkerDeps } from "./deps.ts";
export { type RunningWorker, startWorker } from "./worker.ts";
