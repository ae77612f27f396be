/**
 * Files into the log. Everything about them is looked at before the first is taken, so that a wrong name takes nothing. The
 * content is kept in the log as it is, and the same content is the same recording, whatever became of the command that brought
 * it first.
 */
import { openAsBlob } from "node:fs";
import { stat } from "node:fs/promises";
import { basename } from "node:path";
import type { ImportResult, RecordingLog } from "@holdfast/client";
import { isHoldfastError, parseRecordingName, SYNC } from "@holdfast/contract";
import { EXIT, ExitError } from "../exit-codes.ts";
import type { Account } from "../log/account.ts";

export interface SoundFile {
  readonly path: string;
  readonly name: string;
  readonly changedMs: number;
}

/** Throws ExitError `usage` where there is no such file, `rejected` where no server would take its name. */
export async function checkFile(path: string, nowMs: number): Promise<SoundFile> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() !== true) throw new ExitError(`no such file: ${path}`, EXIT.usage);
  const name = basename(path);
  if (name.endsWith(".bin")) await named(path, () => parseRecordingName(name, nowMs));
  return { path, name, changedMs: found.mtimeMs };
}

/** Throws ExitError `rejected` for a content that no server would take, else the HoldfastError of the log. */
export async function importFile(account: Account, file: SoundFile, nowMs: number): Promise<ImportResult> {
  const { path, name } = file;
  const content = await openAsBlob(path);
  const log = logFor(account, name);
  return await named(path, () =>
    name.endsWith(".bin") ? log.importBin(name, content) : log.importSound(name, content, startOf(file, nowMs)),
  );
}

/** A log of a dead program that has a recording of this name may have this very content, and its job. */
function logFor({ own, log }: Account, name: string): RecordingLog {
  const known = log.logs.find(({ recordings }) =>
    [...recordings.values()].some(({ originalName }) => originalName === name),
  );
  return known ?? own;
}

/** An ordinary sound file does not say when it began. Its last change is near, unless it is too old for any server to take. */
function startOf({ changedMs }: SoundFile, nowMs: number): number {
  const isKnown = changedMs <= nowMs && nowMs - changedMs < SYNC.lookbackMs;
  return Math.round(isKnown ? changedMs : nowMs);
}

async function named<T>(path: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isHoldfastError(error) || error.class !== "permanent_input") throw error;
    throw new ExitError(`${path}: ${error.message}`, EXIT.rejected);
  }
}
