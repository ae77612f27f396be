/**
 * Composition root of the worker: `node packages/worker/src/main.ts`, settings in the environment. Needs `DATABASE_URL` (the
 * supervisor sets it, also for the embedded server) and the folder of blobs.
 */
import { HoldfastError } from "@holdfast/contract";
import { runProcess } from "@holdfast/runtime";
import { blobFolder, openDatabase, openDirectoryBlobs } from "@holdfast/store";
import { startWorker } from "./worker.ts";

const CONNECTIONS = 5;
const ONE_HOUR_MS = 3_600_000;

runProcess("worker", async ({ config, clock, random, log }) => {
  const url = config.DATABASE_URL;
  if (url === undefined) {
    throw new HoldfastError("DATABASE_URL is not set; `holdfast serve` sets it for the worker it starts", {
      code: "config_invalid",
      class: "permanent_input",
    });
  }
  const blobs = await openDirectoryBlobs(blobFolder(config), clock.now());
  const db = openDatabase({
    url,
    maxConnections: CONNECTIONS,
    onIdleError: (error) => log.warn({ error: error.message }, "an idle database connection died"),
  });
  // A worker has no server of its own, and without a database no socket either: it must wait for one, not end.
  const alive = setInterval(() => {}, ONE_HOUR_MS);
  const worker = await startWorker({ db, blobs, config, clock, random, log });
  return {
    drain: () => worker.drain(),
    async close() {
      await worker.close();
      clearInterval(alive);
      await db.destroy();
    },
  };
});
