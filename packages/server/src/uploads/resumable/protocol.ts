/**
 * The words of tus 1.0 that this server speaks: headers read strictly, refusals with the status the protocol gives them. Pure.
 *
 * Decision: the protocol is written here instead of taken from the tus project's server, whose store can be made durable but whose
 * request handling cannot: it knows no checksums (the store never sees the header), it tells a client that everything arrived
 * before what follows from that is durable, and its streams cost more than our fsync. It serves as the yardstick of the
 * benchmark.
 */
import { createHash, type Hash } from "node:crypto";
import { HoldfastError, RESUMABLE } from "@holdfast/contract";

type Header = string | string[] | undefined;

export const CHUNK_TYPE = "application/offset+octet-stream";

function refusal(code: string, message: string): HoldfastError {
  return new HoldfastError(message, { code, class: "permanent_input" });
}

export function requireVersion(version: Header): void {
  if (version !== RESUMABLE.version) throw refusal("tus_version", `Tus-Resumable: ${RESUMABLE.version} is expected`);
}

export function requireChunkType(type: Header): void {
  if (type !== CHUNK_TYPE) throw refusal("tus_content_type", `Content-Type: ${CHUNK_TYPE} is expected`);
}

/** A number of bytes; undefined where the header is missing. */
export function parseBytes(name: string, value: Header): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "string" && /^\d{1,15}$/.test(value)) return Number(value);
  throw refusal("tus_header", `${name} must be a number of bytes`);
}

export interface ExpectedChecksum {
  /** Takes the bytes on their way. */
  readonly hash: Hash;
  readonly digest: Buffer;
}

/** `Upload-Checksum: sha1 <base64>`; undefined where there is none. */
export function parseChecksum(value: Header): ExpectedChecksum | undefined {
  if (value === undefined) return undefined;
  const [, algorithm = "", encoded = ""] = /^(\w+) ([A-Za-z0-9+/]+=*)$/.exec(String(value)) ?? [];
  const known: readonly string[] = RESUMABLE.checksums;
  if (!known.includes(algorithm)) throw refusal("tus_header", `Upload-Checksum must be one of ${known.join(", ")}`);
  return { hash: createHash(algorithm), digest: Buffer.from(encoded, "base64") };
}

export function requireChecksum({ hash, digest }: ExpectedChecksum): void {
  if (!hash.digest().equals(digest)) throw refusal("checksum_mismatch", "the bytes are not those of Upload-Checksum");
}

/** `key base64,key base64`; a key may stand alone. Throws for anything else, and for a key that comes twice. */
export function parseMetadata(value: Header): ReadonlyMap<string, string> {
  const metadata = new Map<string, string>();
  const text = String(value ?? "").trim();
  if (text.length > RESUMABLE.maxMetadataBytes) throw refusal("tus_header", "Upload-Metadata is too long");
  if (text === "") return metadata;
  for (const pair of text.split(",")) {
    const [, key = "", encoded = ""] = /^([!-+\--~]+)(?: ([A-Za-z0-9+/]*={0,2}))?$/.exec(pair.trim()) ?? [];
    if (key === "" || metadata.has(key)) throw refusal("tus_header", "Upload-Metadata is not valid");
    metadata.set(key, Buffer.from(encoded, "base64").toString());
  }
  return metadata;
}

export const uploadNotFound = (): HoldfastError => refusal("upload_not_found", "there is no such upload");
export const uploadExpired = (): HoldfastError => refusal("upload_expired", "the upload was not continued in time");
export const offsetConflict = (): HoldfastError =>
  refusal("upload_offset_conflict", "the upload holds another number of bytes; ask with HEAD");
export const offsetMissing = (): HoldfastError => refusal("tus_header", "Upload-Offset is missing");
export const beyondLength = (): HoldfastError =>
  refusal("payload_too_large", "the bytes go beyond the length of the upload");
