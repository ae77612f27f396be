/**
 * The identity of a content that was imported: SHA-256 over the account and the SHA-256 of every mebibyte, so that a file of
 * any size is hashed in bounded memory. The same bytes of the same account are one recording, under whatever name they come.
 */
import { HoldfastError } from "@holdfast/contract";
import { concat } from "./bytes.ts";

const PART_BYTES = 1_048_576;

/** Throws HoldfastError `insecure_page` where the browser offers no hashing, which is on pages that are not secure. */
export async function contentId(owner: string, content: Blob): Promise<string> {
  const digests: Uint8Array[] = [new TextEncoder().encode(`${owner}\n${content.size}\n`)];
  for await (const part of partsOf(content)) digests.push(await sha256(part));
  const digest = await sha256(concat(digests));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The content, a mebibyte at a time. */
export async function* partsOf(content: Blob): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for (let at = 0; at < content.size; at += PART_BYTES) {
    yield new Uint8Array(await content.slice(at, at + PART_BYTES).arrayBuffer());
  }
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  if (globalThis.crypto?.subtle === undefined) {
    throw new HoldfastError("files can be kept only on a secure page (https, or this machine)", {
      code: "insecure_page",
      class: "permanent_input",
      scope: "service",
    });
  }
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}
