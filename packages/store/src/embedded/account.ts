/**
 * Who runs the server. PostgreSQL refuses to run as root, so root hands it to an existing account without rights:
 * `postgres` where there is one, else `nobody`. Any other user runs it as himself.
 */
import { readFileSync } from "node:fs";
import { userInfo } from "node:os";
import { embeddedFailure } from "./failure.ts";

export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  /** True where it is not the user of this process, so that files must be handed over to it. */
  readonly other: boolean;
}

/** The account for the server. `passwd` is the text of the system's account list. */
export function chooseAccount(uid: number, passwd: string): Account {
  const accounts = passwd.split("\n").flatMap((line) => parseLine(line));
  const own = accounts.find((account) => account.uid === uid);
  if (uid !== 0) {
    if (own !== undefined) return { ...own, other: false };
    throw embeddedFailure(
      "postgres_account",
      `the user with number ${uid} has no entry in /etc/passwd, and PostgreSQL needs one; ` +
        "run Holdfast as a named user or set DATABASE_URL",
    );
  }
  const found = ["postgres", "nobody"]
    .map((name) => accounts.find((account) => account.name === name && account.uid !== 0))
    .find((account) => account !== undefined);
  if (found !== undefined) return { ...found, other: true };
  throw embeddedFailure(
    "postgres_account",
    "PostgreSQL does not run as root, and there is no account `postgres` or `nobody` to run it; " +
      "start Holdfast as an ordinary user or set DATABASE_URL",
  );
}

/** The account on this machine. */
export function systemAccount(): Account {
  const uid = process.getuid?.() ?? -1;
  try {
    return chooseAccount(uid, readFileSync("/etc/passwd", "utf8"));
  } catch (error) {
    // Users of a directory service are not in the file.
    if (uid === 0 || uid === -1) throw error;
    const own = lookUpSelf();
    if (own === undefined) throw error;
    return { ...own, other: false };
  }
}

/** The name that peer authentication will see for this process. */
export function ownName(): string | undefined {
  return lookUpSelf()?.name;
}

function lookUpSelf(): Omit<Account, "other"> | undefined {
  try {
    const { username, uid, gid } = userInfo();
    return { name: username, uid, gid };
  } catch {
    return undefined;
  }
}

function parseLine(line: string): Omit<Account, "other">[] {
  const [name, , uid, gid] = line.split(":");
  if (name === undefined || name === "" || uid === undefined || gid === undefined) return [];
  return [{ name, uid: Number(uid), gid: Number(gid) }];
}
