/**
 * Where this machine keeps what was recorded until its server has it: below one root a folder for each server, in it one for
 * each account, in that the logs `log-1`, `log-2` and so on, each of which one program owns at a time. Folders are named for a
 * person to recognise, with a hash behind it, so that no two servers or accounts meet in one.
 */
import { createHash } from "node:crypto";
import { homedir } from "node:os";
import { join, resolve } from "node:path";

type Environment = Readonly<Record<string, string | undefined>>;

/** The account of recordings that were made before anybody knew whose they are (reference client-sync 2.7.1). */
export const LEGACY = "legacy";

/** `HOLDFAST_LOG`, else where programs keep their state. */
export function logRoot(env: Environment): string {
  const given = env.HOLDFAST_LOG?.trim();
  if (given !== undefined && given !== "") return resolve(given);
  const state = env.XDG_STATE_HOME?.trim();
  return join(state === undefined || state === "" ? join(homedir(), ".local", "state") : resolve(state), "holdfast");
}

export function serverFolder(root: string, url: string): string {
  return join(root, named(url.replace(/^https?:\/\//, ""), url));
}

/** Name of the folder of an account in the folder of its server. */
export function accountName(uid: string): string {
  return uid === LEGACY ? LEGACY : named(uid, uid);
}

export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function named(readable: string, hashed: string): string {
  const plain = readable.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
  return `${plain.slice(0, 40)}-${sha256(hashed).slice(0, 8)}`;
}
