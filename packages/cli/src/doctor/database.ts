/** The database: does the one that is set, or the embedded one that runs, answer; else, are there binaries to run it. */
import { join, resolve } from "node:path";
import { type Config, messageOf } from "@holdfast/contract";
import { chooseBinaries, clusterMajor, findRunningPostgres, listBinaries } from "@holdfast/store/embedded";
import { type Finding, fail, ok } from "./finding.ts";

const OLDEST_SERVER = 150_000;

export async function checkDatabase(config: Config): Promise<Finding> {
  const running = findRunningPostgres(config.HOLDFAST_DATA);
  if (config.DATABASE_URL !== undefined) return await ask(config.DATABASE_URL, "DATABASE_URL");
  if (running !== undefined) return await ask(running.url, `embedded, process ${running.pid}`);
  try {
    const { source, major } = chooseBinaries(
      listBinaries(),
      clusterMajor(join(resolve(config.HOLDFAST_DATA), "postgres")),
    );
    return ok("postgres", `${major} (${source}) will be started`);
  } catch (error) {
    return fail("postgres", messageOf(error), "see the sentence before this one");
  }
}

async function ask(url: string, which: string): Promise<Finding> {
  const { openDatabase } = await import("@holdfast/store");
  const db = openDatabase({ url, maxConnections: 1, onIdleError: () => {} });
  try {
    const { version, number } = await db
      .selectNoFrom(({ fn, val }) => [
        fn<string>("current_setting", [val("server_version")]).as("version"),
        fn<string>("current_setting", [val("server_version_num")]).as("number"),
      ])
      .executeTakeFirstOrThrow();
    if (Number(number) >= OLDEST_SERVER) return ok("postgres", `${version} answers (${which})`);
    return fail("postgres", `${version} answers (${which})`, "Holdfast needs PostgreSQL 15 or newer");
  } catch (error) {
    return fail(
      "postgres",
      `does not answer (${which}): ${messageOf(error)}`,
      "check DATABASE_URL, and that the server runs",
    );
  } finally {
    await db.destroy();
  }
}
