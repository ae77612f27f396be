/**
 * The key in a link to a shared conversation: who shares and what, sealed with a secret of this server (AES-256-GCM). It tells
 * nothing to whoever has it, cannot be guessed or made by anybody else, and is the same each time, so that a link that was
 * passed on stays the one link. Whether it opens anything is not in it: that is the visibility of the conversation now.
 */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from "node:crypto";

const CIPHER = "aes-256-gcm";
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const MAX_KEY_CHARACTERS = 2_000;

export interface SharedName {
  readonly userId: string;
  readonly conversationId: string;
}

export function sealShareKey(secret: Uint8Array, { userId, conversationId }: SharedName): string {
  const text = Buffer.from(JSON.stringify([userId, conversationId]));
  // A function of what is sealed: no two names share one, and the same name gives the same key.
  const nonce = createHmac("sha256", derived(secret, "nonce")).update(text).digest().subarray(0, NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, derived(secret, "seal"), nonce, { authTagLength: TAG_BYTES });
  return Buffer.concat([nonce, cipher.update(text), cipher.final(), cipher.getAuthTag()]).toString("base64url");
}

/** Undefined for whatever this server did not seal. */
export function openShareKey(secret: Uint8Array, key: string): SharedName | undefined {
  const bytes = Buffer.from(key.slice(0, MAX_KEY_CHARACTERS), "base64url");
  if (bytes.length <= NONCE_BYTES + TAG_BYTES) return undefined;
  const nonce = bytes.subarray(0, NONCE_BYTES);
  const cipher = createDecipheriv(CIPHER, derived(secret, "seal"), nonce, { authTagLength: TAG_BYTES });
  cipher.setAuthTag(bytes.subarray(-TAG_BYTES));
  try {
    const text = Buffer.concat([cipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), cipher.final()]).toString();
    const [userId, conversationId] = JSON.parse(text) as readonly [string, string];
    return { userId, conversationId };
  } catch {
    return undefined;
  }
}

function derived(secret: Uint8Array, name: string): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", secret, "", `holdfast.share.${name}`, 32));
}
