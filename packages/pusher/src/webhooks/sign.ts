/**
 * How a receiver knows that a request is ours and not older than it says: `t=<Unix seconds>,v1=<hex>`, an HMAC-SHA-256 with the
 * user's secret over the time, a dot and the bytes of the body.
 */
import { createHmac } from "node:crypto";

export function signatureOf(secret: string, nowMs: number, body: Uint8Array): string {
  const seconds = Math.floor(nowMs / 1000);
  const mac = createHmac("sha256", secret).update(`${seconds}.`).update(body).digest("hex");
  return `t=${seconds},v1=${mac}`;
}
