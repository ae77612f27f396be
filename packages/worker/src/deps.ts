/** What the worker is given, and what each job's work gets of it. */
import type { Config } from "@holdfast/contract";
import type { Clock, Log, Random } from "@holdfast/core";
import type { BlobStore, Db } from "@holdfast/store";
import type { DecodeDesk } from "./decode/desk.ts";
import type { FairUse } from "./fair-use.ts";
import type { ServiceFigures } from "./service-figures.ts";
import type { Transcriber } from "./speech/transcriber.ts";

export interface WorkerDeps {
  readonly db: Db;
  readonly blobs: BlobStore;
  readonly config: Config;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Speech to text; the engines of the settings unless told otherwise. */
  readonly transcriber?: Transcriber;
  /** Where sound is decoded; a thread of its own unless told otherwise. */
  readonly openDesk?: () => DecodeDesk;
}

export interface JobDeps extends Omit<WorkerDeps, "config"> {
  readonly transcriber: Transcriber;
  readonly openDesk: () => DecodeDesk;
  readonly fairUse: FairUse;
  readonly figures: ServiceFigures;
}
