/**
 * Reads the files of a multipart request into the blob store's staging place, one after the other, hashing as they stream;
 * nothing is held in memory. All or nothing: a bad name, a part too large, a broken body or a client that goes away removes
 * everything that came before it (reference offline-sync 2.4 and defect 26). After a refusal the rest of the request is read
 * and thrown away, so that a client that is still sending gets to read the answer.
 */
import type { Readable } from "node:stream";
import type { Multipart, MultipartFile } from "@fastify/multipart";
import { HoldfastError, isHoldfastError, SYNC } from "@holdfast/contract";
import type { BlobStore, StagedBlob } from "@holdfast/store";
import type { FastifyRequest } from "fastify";

/** All files of one request together. */
const MAX_REQUEST_BYTES = 4 * 1024 * 1024 * 1024;

export interface ReceivedFile {
  readonly name: string;
  readonly staged: StagedBlob;
}

export interface Received {
  readonly files: readonly ReceivedFile[];
  /** Ordinary form fields; the last one wins. */
  readonly fields: ReadonlyMap<string, string>;
}

export interface ReceiveRules {
  /** Name of the parts that are files; other parts with files are passed over. */
  readonly field: string;
  /** Throws where a file of this name cannot be taken. Called before any byte of it is read. */
  readonly checkName: (name: string) => void;
  /** May look at the bytes on their way and throw. */
  readonly inspect?: (source: Readable, name: string) => Readable;
}

const LIMITS = {
  files: SYNC.maxFiles,
  parts: SYNC.maxFiles + 20,
  fields: 20,
  fieldSize: 4_096,
  headerPairs: 100,
  headerSize: 16_384,
  // The blob store counts, because it can say which limit it was.
  fileSize: Number.POSITIVE_INFINITY,
};

/** Throws HoldfastError; `files_missing` where there is no file part. */
export async function receiveFiles(request: FastifyRequest, blobs: BlobStore, rules: ReceiveRules): Promise<Received> {
  const files: ReceivedFile[] = [];
  const fields = new Map<string, string>();
  try {
    if (!request.isMultipart()) throw filesMissing();
    let bytes = 0;
    for await (const part of request.parts({ limits: LIMITS, preservePath: true })) {
      if (part.type === "file" && part.fieldname === rules.field) {
        const file = await receiveFile(part, blobs, rules);
        files.push(file);
        bytes += file.staged.bytes;
        if (bytes > MAX_REQUEST_BYTES) throw tooLarge("payload_too_large", "one request", MAX_REQUEST_BYTES);
      } else if (part.type === "file") {
        part.file.resume();
      } else {
        readField(part, rules, fields);
      }
    }
    if (files.length === 0) throw filesMissing();
    return { files, fields };
  } catch (error) {
    await discardFiles(blobs, files);
    request.raw.unpipe();
    request.raw.resume();
    throw asReceiveError(error);
  }
}

export async function discardFiles(blobs: BlobStore, files: readonly ReceivedFile[]): Promise<void> {
  for (const file of files) await blobs.discard(file.staged);
}

async function receiveFile(part: MultipartFile, blobs: BlobStore, rules: ReceiveRules): Promise<ReceivedFile> {
  try {
    const name = part.filename ?? "";
    rules.checkName(name);
    const source = rules.inspect?.(part.file, name) ?? part.file;
    return { name, staged: await blobs.stage(source, { maxBytes: SYNC.maxPartBytes }) };
  } catch (error) {
    part.file.destroy();
    if (!isHoldfastError(error) || error.code !== "payload_too_large") throw error;
    throw tooLarge("part_too_large", "a file", SYNC.maxPartBytes);
  }
}

/** A file part without a file name arrives as a field; as a recording it has no name. */
function readField(part: Exclude<Multipart, MultipartFile>, rules: ReceiveRules, fields: Map<string, string>): void {
  if (part.fieldname === rules.field) rules.checkName("");
  if (typeof part.value === "string" && !part.valueTruncated) fields.set(part.fieldname, part.value);
}

function filesMissing(): HoldfastError {
  return new HoldfastError("the request holds no file", { code: "files_missing", class: "permanent_input" });
}

function tooLarge(code: string, what: string, limitBytes: number): HoldfastError {
  const message = `${what} may not be larger than ${Math.floor(limitBytes / 1024)} KB`;
  return new HoldfastError(message, { code, class: "permanent_input" });
}

/** The parser's complaints are plain errors without a code; anything with a code is the file system's or Fastify's. */
function asReceiveError(error: unknown): unknown {
  if (isHoldfastError(error) || !(error instanceof Error)) return error;
  const code = "code" in error ? String(error.code) : "";
  if (code.startsWith("FST_") && code !== "FST_MP_PREMATURE_CLOSE") return error;
  if (code === "FST_MP_PREMATURE_CLOSE" || (code === "" && error.constructor === Error)) {
    const message = "the multipart body is damaged or ends too early";
    return new HoldfastError(message, { code: "multipart_malformed", class: "permanent_input", cause: error });
  }
  return new HoldfastError("internal error", { code: "internal", class: "content", scope: "service", cause: error });
}
