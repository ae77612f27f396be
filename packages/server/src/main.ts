/**
 * The gateway as a process of its own (`holdfast gateway`). Opens the database and the blob folder named in the settings,
 * brings the schema up to date, and serves. It waits for a database that is not there yet.
 */
import { fileURLToPath } from "node:url";
import { type Config, HoldfastError, messageOf } from "@holdfast/contract";
import { sleep } from "@holdfast/core";
import { type ProcessContext, runProcess } from "@holdfast/runtime";
import { blobFolder, type Db, isDatabaseUnavailable, migrate, openDatabase, openDirectoryBlobs } from "@holdfast/store";
import { startGateway } from "./start-gateway.ts";

const MIGRATE_RETRY_MS = 500;

runProcess("gateway", async (context) => {
  const { config, clock, log } = context;
  const url = databaseUrl(config);
  const blobs = await openDirectoryBlobs(blobFolder(config), clock.now());
  const db = openDatabase({
    url,
    onIdleError: (error) => log.warn({ error: error.message }, "an idle database connection ended"),
  });
  await migrateWhenReachable(db, context);
  const gateway = await startGateway({
    ...context,
    db,
    blobs,
    webRoot: fileURLToPath(new URL("../../../apps/web/dist", import.meta.url)),
  });
  return {
    ...gateway,
    async close() {
      await gateway.close();
      await db.destroy();
    },
  };
});

function databaseUrl(config: Config): string {
  if (config.DATABASE_URL !== undefined) return config.DATABASE_URL;
  throw invalid("DATABASE_URL is not set; `holdfast serve` starts a database and sets it for every process");
}

function invalid(message: string): HoldfastError {
  return new HoldfastError(message, { code: "config_invalid", class: "permanent_input", scope: "service" });
}

async function migrateWhenReachable(db: Db, context: ProcessContext): Promise<void> {
  while (!context.signal.aborted) {
    try {
      await migrate(db);
      return;
    } catch (error) {
      const cause = error instanceof HoldfastError ? error.cause : error;
      if (!isDatabaseUnavailable(cause)) throw error;
      context.log.warn({ error: messageOf(cause) }, "the database cannot be reached yet");
    }
    await sleep(context.clock, MIGRATE_RETRY_MS, context.signal);
  }
}
