/**
 * Capture manifests (reference offline-sync 7.2): `base64url(JSON) + "." + hex HMAC-SHA256`, which say that this server issued
 * the proof that a device recorded these very files during one live conversation. Pure, given the key.
 */

import { createHash, createHmac } from "node:crypto";
import { CAPTURE_MANIFEST, HoldfastError } from "@holdfast/contract";
import { isSameSecret } from "@holdfast/runtime";
import { z } from "zod";

export interface ManifestFile {
  readonly name: string;
  /** Lower-case hex. */
  readonly sha256: string;
}

export interface ManifestSubject {
  readonly userId: string;
  readonly deviceId: string;
  readonly conversationId: string;
}

const Claims = z.object({
  v: z.literal(CAPTURE_MANIFEST.version),
  uid: z.string(),
  device: z.string(),
  conversation: z.string(),
  files: z.array(z.object({ name: z.string(), sha256: z.string() })),
  iat: z.number().int(),
  exp: z.number().int(),
});

/** Digest of a set of files, whatever their order. */
export function fileSetOf(files: readonly ManifestFile[]): string {
  return createHash("sha256")
    .update(JSON.stringify(inOrder(files)))
    .digest("hex");
}

export function signManifest(
  key: Uint8Array,
  subject: ManifestSubject,
  files: readonly ManifestFile[],
  nowMs: number,
): string {
  const iat = Math.floor(nowMs / 1000);
  const claims = {
    conversation: subject.conversationId,
    device: subject.deviceId,
    exp: iat + CAPTURE_MANIFEST.lifetimeSeconds,
    files: inOrder(files),
    iat,
    uid: subject.userId,
    v: CAPTURE_MANIFEST.version,
  };
  const encoded = Buffer.from(JSON.stringify(claims)).toString("base64url");
  return `${encoded}.${signature(key, encoded)}`;
}

/**
 * The files that are proven, or undefined where the manifest is not ours, is not of this user, device and conversation, is
 * over, or names other files. An upload without proof is taken all the same.
 */
export function verifyManifest(
  key: Uint8Array,
  manifest: string,
  subject: ManifestSubject,
  names: readonly string[],
  nowMs: number,
): readonly ManifestFile[] | undefined {
  const [encoded = "", signed = "", ...more] = manifest.split(".");
  if (more.length > 0 || !isSameSecret(signed, signature(key, encoded))) return undefined;
  const claims = readClaims(encoded);
  if (claims === undefined) return undefined;
  const now = nowMs / 1000;
  if (claims.exp <= now || claims.iat > now + CAPTURE_MANIFEST.issueSkewSeconds) return undefined;
  const isSubject =
    claims.uid === subject.userId &&
    claims.device === subject.deviceId &&
    claims.conversation === subject.conversationId;
  const proven = claims.files.map((file) => file.name);
  return isSubject && JSON.stringify([...proven].sort()) === JSON.stringify([...names].sort())
    ? claims.files
    : undefined;
}

/** Throws where the bytes are others than those that were proven. */
export function refuseOtherBytes(proven: readonly ManifestFile[], files: readonly ManifestFile[]): void {
  if (fileSetOf(proven) === fileSetOf(files)) return;
  throw new HoldfastError("the bytes are not those that the capture manifest names", {
    code: "capture_manifest_mismatch",
    class: "permanent_input",
  });
}

function signature(key: Uint8Array, encoded: string): string {
  return createHmac("sha256", key).update(encoded).digest("hex");
}

function readClaims(encoded: string): z.infer<typeof Claims> | undefined {
  try {
    return Claims.safeParse(JSON.parse(Buffer.from(encoded, "base64url").toString())).data;
  } catch {
    return undefined;
  }
}

function inOrder(files: readonly ManifestFile[]): ManifestFile[] {
  const plain = files.map(({ name, sha256 }) => ({ name, sha256: sha256.toLowerCase() }));
  return plain.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.sha256 < b.sha256 ? -1 : 1));
}
