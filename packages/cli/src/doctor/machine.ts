/** The machine: Node, the data folder and the space in it, and who holds it. */
import { accessSync, constants, existsSync, statfsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { messageOf } from "@holdfast/contract";
import { OLDEST_NODE_MAJOR } from "@holdfast/runtime";
import { readLockHolder } from "../supervisor/data-lock.ts";
import { type Finding, fail, ok, warn } from "./finding.ts";

const GIB = 2 ** 30;
const FAIL_BELOW_BYTES = 0.2 * GIB;
const WARN_BELOW_BYTES = 2 * GIB;

export function checkNode(version: string): Finding {
  if (Number.parseInt(version.slice(1), 10) >= OLDEST_NODE_MAJOR) return ok("node", version);
  return fail("node", version, `Holdfast needs Node ${OLDEST_NODE_MAJOR}; start it by npm or npx, which bring it`);
}

/** The folder need not exist yet; then its nearest parent counts. */
export function checkDataFolder(dataDir: string): Finding {
  const folder = nearestExisting(resolve(dataDir));
  try {
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    return fail(
      "data folder",
      `${resolve(dataDir)}: ${messageOf(error)}`,
      "give yourself the right to write there, or set HOLDFAST_DATA",
    );
  }
  return ok(
    "data folder",
    folder === resolve(dataDir) ? folder : `${resolve(dataDir)} (will be made at the first start)`,
  );
}

export function checkSpace(freeBytes: number): Finding {
  const found = `${(freeBytes / GIB).toFixed(1)} GiB free`;
  if (freeBytes < FAIL_BELOW_BYTES)
    return fail("disk space", found, "free some space; recordings cannot be kept without it");
  if (freeBytes < WARN_BELOW_BYTES)
    return warn("disk space", found, "an hour of speech takes about 15 MB; free some space in time");
  return ok("disk space", found);
}

export function freeBytesOf(dataDir: string): number {
  const { bavail, bsize } = statfsSync(nearestExisting(resolve(dataDir)));
  return bavail * bsize;
}

/** Whether a supervisor holds the folder. Both answers are fine; it explains the others. */
export function checkLock(dataDir: string): Finding {
  const holder = readLockHolder(resolve(dataDir));
  return ok("running", holder === undefined ? "no Holdfast runs on this data folder" : `yes, as process ${holder.pid}`);
}

function nearestExisting(folder: string): string {
  return existsSync(folder) || dirname(folder) === folder ? folder : nearestExisting(dirname(folder));
}
