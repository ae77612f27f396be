/** Embedded PostgreSQL: finds the binaries, makes the cluster, starts and stops the server. Loads no SQL driver. */
export { type Binaries, chooseBinaries, clusterMajor, listBinaries } from "./binaries.ts";
export { connectionUrl, findRunningPostgres, type RunningPostgres } from "./connection.ts";
export { type EmbeddedPostgres, type EmbeddedPostgresOptions, startEmbeddedPostgres } from "./launcher.ts";
export { isAlive, type ProcessFacts, readProcess } from "./process-facts.ts";
