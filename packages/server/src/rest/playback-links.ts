/**
 * Links to kept sound that work without a token for an hour, so that a player or a download tool can follow them: signed with
 * the user's secret over user, conversation, file and end. A new secret ends them all.
 */

import { createHmac } from "node:crypto";
import { isSameSecret } from "@holdfast/runtime";

const VALID_MS = 3_600_000;

export interface SoundName {
  readonly userId: string;
  readonly conversationId: string;
  /** An audio file, or `conversation` for all of them as one. */
  readonly fileId: string;
}

/** Path and query, to be put behind the address that the client knows this server by. */
export function signedPath(name: SoundName, secret: string, nowMs: number): string {
  const expires = Math.floor((nowMs + VALID_MS) / 1000);
  const path = [name.userId, name.conversationId, name.fileId].map(encodeURIComponent).join("/");
  return `/v1/sync/signed-audio/${path}?expires=${expires}&signature=${signature(name, secret, expires)}`;
}

export function isSigned(
  name: SoundName,
  secret: string,
  given: { readonly expires: number; readonly signature: string },
  nowMs: number,
): boolean {
  return given.expires * 1000 > nowMs && isSameSecret(given.signature, signature(name, secret, given.expires));
}

function signature({ userId, conversationId, fileId }: SoundName, secret: string, expires: number): string {
  const named = JSON.stringify(["audio", userId, conversationId, fileId, expires]);
  return createHmac("sha256", secret).update(named).digest("base64url");
}
