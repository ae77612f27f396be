/**
 * What an exported file is called, and how a server says so (RFC 6266): a name for old readers in ASCII, and the whole one in
 * UTF-8, percent-encoded as RFC 8187 asks. No name is a path, hidden, or one that a common file system refuses.
 */
import type { Conversation } from "@holdfast/contract";
import { oneLine, titleOf } from "./spoken.ts";

const MAX_CHARACTERS = 80;

/** `2026-11-01 Release date.md`. */
export function exportName(conversation: Conversation, extension: string): string {
  const day = (conversation.started_at ?? conversation.created_at).slice(0, 10);
  return `${fileNameOf(`${day} ${titleOf(conversation)}`)}.${extension}`;
}

/** Text as a file name without extension; never empty. */
export function fileNameOf(text: string): string {
  const plain = oneLine(text)
    .replace(/[/\\:*?"<>|]/gu, " ")
    .replace(/\s+/gu, " ");
  const short = [...plain].slice(0, MAX_CHARACTERS).join("");
  const name = short.replace(/^[\s.]+|[\s.]+$/gu, "");
  return name === "" ? "export" : name;
}

/** The value of `Content-Disposition` for a file that is to be kept. */
export function attachmentHeader(fileName: string): string {
  const ascii = fileName.replace(/[^\x20-\x7e]/gu, "_").replace(/["\\%]/gu, "_");
  const encoded = encodeURIComponent(fileName.toWellFormed()).replace(/['()*]/gu, (character) => {
    return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
  });
  return `attachment; filename="${ascii}"; filename*=UTF-8''${encoded}`;
}
