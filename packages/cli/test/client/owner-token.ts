/** The owner's token, as `serve` leaves it in the data folder. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

export function ownerToken(dataDir: string): string {
  return readFileSync(join(dataDir, "owner.token"), "utf8").trim();
}
