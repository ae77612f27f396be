/**
 * Links that work without a token for a while (to kept sound: for an hour), so that a player or a download tool can follow them:
 * signed with the user's secret over what they name and when they end. A new secret ends them all.
 */

import { createHmac } from "node:crypto";
import { isSameSecret } from "@holdfast/runtime";
import type { FastifyRequest } from "fastify";
import { z } from "zod";

const VALID_MS = 3_600_000;

export interface SoundName {
  readonly userId: string;
  readonly conversationId: string;
  /** An audio file, or `conversation` for all of them as one. */
  readonly fileId: string;
}

/** A sample of somebody's voice. */
export interface SampleName {
  readonly userId: string;
  readonly personId: string;
  readonly sampleId: string;
}

/** Everything that is kept of a user, as one file. */
export interface ArchiveName {
  readonly userId: string;
  readonly archive: true;
}

type Named = SoundName | SampleName | ArchiveName;

/** What a link of this kind says beside its path. */
export const SignedQuery = z.object({
  expires: z.string().regex(/^\d{1,12}$/),
  signature: z.string().max(100),
});

/** Path and query, to be put behind the address that the client knows this server by. */
export function signedPath(name: Named, secret: string, nowMs: number, validMs: number = VALID_MS): string {
  const expires = Math.floor((nowMs + validMs) / 1000);
  const { folder, parts } = partsOf(name);
  const path = parts.map(encodeURIComponent).join("/");
  return `${folder}/${path}?expires=${expires}&signature=${signature(name, secret, expires)}`;
}

export function isSigned(name: Named, secret: string, query: z.output<typeof SignedQuery>, nowMs: number): boolean {
  const expires = Number(query.expires);
  return expires * 1000 > nowMs && isSameSecret(query.signature, signature(name, secret, expires));
}

/** The address the asker knows this server by. It goes back to the asker alone, so a wrong one harms nobody else. */
export function baseOf(request: FastifyRequest): string {
  const forwarded = request.headers["x-forwarded-proto"];
  const protocol = forwarded === "https" || forwarded === "http" ? forwarded : request.protocol;
  return `${protocol}://${request.headers.host ?? "localhost"}`;
}

function signature(name: Named, secret: string, expires: number): string {
  const { kind, parts } = partsOf(name);
  return createHmac("sha256", secret)
    .update(JSON.stringify([kind, ...parts, expires]))
    .digest("base64url");
}

function partsOf(name: Named): { readonly kind: string; readonly folder: string; readonly parts: readonly string[] } {
  if ("archive" in name) return { kind: "archive", folder: "/v1/users/signed-export", parts: [name.userId] };
  return "sampleId" in name
    ? { kind: "speech_sample", folder: "/v1/users/signed-samples", parts: [name.userId, name.personId, name.sampleId] }
    : { kind: "audio", folder: "/v1/sync/signed-audio", parts: [name.userId, name.conversationId, name.fileId] };
}
