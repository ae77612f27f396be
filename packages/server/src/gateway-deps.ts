/** What the gateway is made of; the composition root brings it. */
import type { Config } from "@holdfast/contract";
import type { Clock, Log, Random } from "@holdfast/core";
import type { BlobStore, Db } from "@holdfast/store";

export interface GatewayDeps {
  readonly db: Db;
  readonly blobs: BlobStore;
  readonly config: Config;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Folder of the built web app. Without it, or without an index.html in it, a page says how to build one. */
  readonly webRoot?: string;
}
