/** Ids that are functions of what they name, so that a repeated write hits the same row (law L7). */
import { createHash } from "node:crypto";

/** Name-based UUID (version 5 layout, SHA-1) of the parts; parts are joined so that no two lists collide. */
export function deterministicUuid(...parts: readonly (string | number)[]): string {
  const hash = createHash("sha1").update("holdfast").update(JSON.stringify(parts)).digest();
  hash.writeUInt8(((hash[6] ?? 0) & 0x0f) | 0x50, 6);
  hash.writeUInt8(((hash[8] ?? 0) & 0x3f) | 0x80, 8);
  const hex = hash.subarray(0, 16).toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
