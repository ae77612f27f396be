/** The pusher as a process: settings from the environment, its own connections to the database. */
import { HoldfastError, messageOf } from "@holdfast/contract";
import { runProcess } from "@holdfast/runtime";
import { blobFolder, openDatabase, openDirectoryBlobs } from "@holdfast/store";
import { startPusher } from "./index.ts";

runProcess("pusher", async ({ config, clock, random, log }) => {
  const url = config.DATABASE_URL;
  if (url === undefined) {
    throw new HoldfastError("DATABASE_URL is not set; `holdfast serve` sets it for its own database", {
      code: "config_invalid",
      class: "permanent_input",
    });
  }
  const db = openDatabase({
    url,
    onIdleError: (error) =>
      log.warn({ event: "database_connection_lost", error: messageOf(error) }, "a connection was lost"),
  });
  const blobs = await openDirectoryBlobs(blobFolder(config), clock.now());
  const pusher = await startPusher({
    db,
    blobs,
    config,
    clock,
    random,
    log,
    port: config.HOLDFAST_PUSHER_PORT,
    host: config.HOLDFAST_INTERNAL_HOST,
  });
  return {
    port: pusher.port,
    drain: pusher.drain,
    async close() {
      await pusher.close();
      await db.destroy();
    },
  };
});
