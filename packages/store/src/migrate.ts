/**
 * Brings a database to the newest schema. Safe to run from several processes at once: Kysely's migrator takes an advisory
 * lock, one runs and the others wait. Throws HoldfastError `migration_failed`.
 */
import { HoldfastError } from "@holdfast/contract";
import { Migrator } from "kysely/migration";
import type { Db } from "./database.ts";
import * as initial from "./migrations/0001_initial.ts";
import * as channels from "./migrations/0002_channels.ts";
import * as lifecycle from "./migrations/0003_lifecycle.ts";
import * as effects from "./migrations/0004_effects.ts";
import * as peoplePhotos from "./migrations/0005_people_photos.ts";
import * as fairUse from "./migrations/0006_fair_use.ts";
import * as assignment from "./migrations/0007_assignment.ts";
import * as uploads from "./migrations/0008_uploads.ts";
import * as queue from "./migrations/0009_queue.ts";
import * as fairUseJobs from "./migrations/0010_fair_use_jobs.ts";
import * as piecesToKeep from "./migrations/0011_pieces_to_keep.ts";
import * as speechSamples from "./migrations/0012_speech_samples.ts";
import * as accounts from "./migrations/0013_accounts.ts";
import * as settings from "./migrations/0014_settings.ts";

const MIGRATIONS = {
  "0001_initial": initial,
  "0002_channels": channels,
  "0003_lifecycle": lifecycle,
  "0004_effects": effects,
  "0005_people_photos": peoplePhotos,
  "0006_fair_use": fairUse,
  "0007_assignment": assignment,
  "0008_uploads": uploads,
  "0009_queue": queue,
  "0010_fair_use_jobs": fairUseJobs,
  "0011_pieces_to_keep": piecesToKeep,
  "0012_speech_samples": speechSamples,
  "0013_accounts": accounts,
  "0014_settings": settings,
};

/** Returns the names of the migrations that were run now, oldest first. */
export async function migrate(db: Db): Promise<string[]> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => MIGRATIONS } });
  const { error, results } = await migrator.migrateToLatest();
  if (error !== undefined) {
    throw new HoldfastError("the database could not be brought to the newest schema", {
      code: "migration_failed",
      class: "permanent_input",
      scope: "service",
      cause: error,
    });
  }
  return (results ?? []).filter((result) => result.status === "Success").map((result) => result.migrationName);
}
