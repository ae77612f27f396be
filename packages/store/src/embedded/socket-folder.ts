/**
 * The private folder of the socket: `<runDir>/pg`, or a short one in the folder for temporary files where that path would
 * be longer than the system allows for a socket (108 bytes with the ending zero).
 */
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Runner } from "./runner.ts";

const LONGEST_PATH_BYTES = 100;
const SOCKET_NAME = ".s.PGSQL.5432.lock";

export interface SocketFolder {
  readonly path: string;
  remove(): void;
}

export function makeSocketFolder(runDir: string, runner: Runner): SocketFolder {
  const usual = join(runDir, "pg");
  const short = Buffer.byteLength(join(usual, SOCKET_NAME)) > LONGEST_PATH_BYTES;
  const path = short ? mkdtempSync(join(tmpdir(), "holdfast-")) : usual;
  mkdirSync(path, { recursive: true, mode: 0o700 });
  chmodSync(path, 0o700);
  if (runner.account.other) chownSync(path, runner.owner.uid, runner.owner.gid);
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
