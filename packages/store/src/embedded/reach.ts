/**
 * Which folders an account can walk through. Root often works below its own 0700 home, where the account of the server
 * cannot even see its data; this module finds the folder that stops it.
 */
import { chmodSync, chownSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { Account } from "./account.ts";

/** The topmost folder on the way to `path` (itself included) that `account` cannot enter, or undefined. */
export function firstClosedFolder(path: string, account: Account): string | undefined {
  const parent = dirname(path);
  const above = parent === path ? undefined : firstClosedFolder(parent, account);
  return above ?? (canEnter(path, account) ? undefined : path);
}

/** Lets `account` walk through `folder`, and no more than that: it can still not list it. Only root can call this. */
export function letThrough(folder: string, account: Account): void {
  if (canEnter(folder, account)) return;
  const { uid, mode } = statSync(folder);
  if ((mode & 0o070) === 0) {
    chownSync(folder, uid, account.gid);
    chmodSync(folder, (mode & 0o777) | 0o010);
  } else {
    chmodSync(folder, (mode & 0o777) | 0o001);
  }
}

function canEnter(folder: string, account: Account): boolean {
  const { uid, gid, mode } = statSync(folder);
  const bit = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001;
  return (mode & bit) !== 0;
}
