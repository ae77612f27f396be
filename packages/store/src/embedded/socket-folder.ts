/**
 * The private folder of the socket: `<runDir>/pg`, or a short one in the folder for temporary files where that path would
 * be longer than the system allows for a socket (108 bytes with the ending zero). The place follows from `runDir`, so that
 * a restarted server is found at the same address.
 */
import { createHash } from "node:crypto";
import { chmodSync, chownSync, lstatSync, mkdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { embeddedFailure } from "./failure.ts";
import type { Runner } from "./runner.ts";

const LONGEST_PATH_BYTES = 100;
const LONGEST_NAME = ".s.PGSQL.5432.lock";

export interface SocketFolder {
  readonly path: string;
  remove(): void;
}

export function makeSocketFolder(runDir: string, runner: Runner): SocketFolder {
  const usual = join(runDir, "pg");
  const isLong = Buffer.byteLength(join(usual, LONGEST_NAME)) > LONGEST_PATH_BYTES;
  const path = isLong ? shortFolder(usual) : usual;
  mkdirSync(path, { recursive: true, mode: 0o700 });
  // Anybody can make folders among the temporary files.
  const found = lstatSync(path);
  if (!found.isDirectory() || ![process.getuid?.(), runner.owner.uid].includes(found.uid)) {
    throw embeddedFailure("postgres_folder", `${path} belongs to somebody else; remove it`);
  }
  chmodSync(path, 0o700);
  if (runner.account.other) chownSync(path, runner.owner.uid, runner.owner.gid);
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

function shortFolder(usual: string): string {
  return join(tmpdir(), `holdfast-${createHash("sha256").update(usual).digest("hex").slice(0, 16)}`);
}
