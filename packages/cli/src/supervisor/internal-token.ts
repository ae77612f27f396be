/** The secret that our processes show each other: made at the first start, `<data>/internal.token`, for its owner only. */
import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The caller holds the lock of the folder. */
export function ensureInternalToken(dataDir: string): string {
  const path = join(dataDir, "internal.token");
  const known = read(path);
  if (known !== "") return known;
  const token = randomBytes(32).toString("base64url");
  writeFileSync(path, `${token}\n`, { mode: 0o600 });
  return token;
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return "";
  }
}
