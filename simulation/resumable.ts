/**
 * Brings a batch to the server in resumable uploads (tus 1.0), as a careful client does: each file is begun, sent in pieces from
 * the offset that the server said last, and gone on with from the offset it asks for whenever an answer did not come. Some pieces
 * come with the beginning, some with a checksum, some break off in the middle, and some are spoilt on their way.
 */
import { createHash } from "node:crypto";
import { RESUMABLE } from "@holdfast/contract";
import { sleep } from "@holdfast/core";
import type { SimNetwork, SimProcess } from "@holdfast/testkit/simulator";
import { ask, type HttpAnswer, type HttpRequest } from "./http.ts";
import type { Batch, OfflineFile } from "./offline-sound.ts";

const PATH = "/v2/uploads";
const CHUNK_TYPE = "application/offset+octet-stream";
const RETRY = { firstMs: 1_000, mostMs: 15_000 } as const;

/** What a client knows of an upload that it began. */
export interface Upload {
  readonly path: string;
  readonly file: OfflineFile;
  /** The most that it was told is there. */
  toldBytes: number;
  /** Undefined where it must ask. */
  offset: number | undefined;
  jobId: string | undefined;
}

/** A request of an upload, and how it was answered. */
export interface UploadAnswer {
  readonly upload: Upload;
  readonly answer: HttpAnswer;
  /** The bytes were not those of its checksum. */
  readonly isSpoilt: boolean;
}

export interface ResumableLinks {
  readonly network: SimNetwork;
  readonly headers: Readonly<Record<string, string>>;
  /** What the upload knows is not changed by it yet. */
  readonly onAnswer: (answered: UploadAnswer) => void;
  /** A file may not be brought at all. */
  readonly onRefused: (answer: HttpAnswer) => void;
}

export class ResumableSender {
  readonly #process: SimProcess;
  readonly #links: ResumableLinks;
  #failures = 0;

  constructor(process: SimProcess, links: ResumableLinks) {
    this.#process = process;
    this.#links = links;
  }

  /** The job that has the batch; undefined where it is refused for good. */
  async send(batch: Batch): Promise<string | undefined> {
    const name = batch.files.length > 1 ? this.#process.random.uuid() : undefined;
    const uploads: Upload[] = [];
    for (const file of batch.files) {
      const upload = await this.#sendFile(batch, file, name);
      if (upload === undefined) return undefined;
      uploads.push(upload);
    }
    for (;;) {
      for (const upload of uploads) {
        if (upload.jobId === undefined) await this.#look(upload);
        if (upload.jobId !== undefined) return upload.jobId;
      }
      await this.#wait(undefined);
    }
  }

  async #sendFile(batch: Batch, file: OfflineFile, name: string | undefined): Promise<Upload | undefined> {
    let upload: Upload | undefined;
    while (upload === undefined) {
      const answer = await this.#begin(batch, file, name);
      if (answer === "refused") return undefined;
      upload = answer;
    }
    while (upload.offset !== file.bytes.length) {
      if (upload.offset === undefined) await this.#look(upload);
      else await this.#continue(upload, upload.offset);
    }
    return upload;
  }

  async #begin(batch: Batch, file: OfflineFile, name: string | undefined): Promise<Upload | "refused" | undefined> {
    const whole = this.#process.random.chance(0.3) ? file.bytes : undefined;
    const said = {
      filename: file.name,
      ...(name === undefined ? {} : { batch: name, batch_files: batch.files.length }),
    };
    const metadata = Object.entries(said).map(
      ([key, value]) => `${key} ${Buffer.from(String(value)).toString("base64")}`,
    );
    const headers = {
      "upload-length": String(file.bytes.length),
      "upload-metadata": metadata.join(","),
      ...(whole === undefined ? {} : { "content-type": CHUNK_TYPE }),
    };
    const answer = await this.#ask("POST", PATH, headers, whole);
    if (answer?.status === 201) {
      const path = String(answer.headers.location);
      const upload: Upload = { path, file, toldBytes: 0, offset: undefined, jobId: undefined };
      this.#take(upload, answer, false);
      return upload;
    }
    if (answer !== undefined && answer.status < 500) {
      this.#links.onRefused(answer);
      return "refused";
    }
    await this.#wait(answer);
    return undefined;
  }

  async #continue(upload: Upload, offset: number): Promise<void> {
    const { random } = this.#process;
    const { bytes } = upload.file;
    const size = random.chance(0.4) ? bytes.length : random.int(1, Math.ceil(bytes.length / 2));
    const piece = Buffer.from(bytes.subarray(offset, offset + size));
    const checksum = random.chance(0.5)
      ? { "upload-checksum": checksumOf(random.pick(RESUMABLE.checksums), piece) }
      : {};
    const isSpoilt = "upload-checksum" in checksum && random.chance(0.2);
    if (isSpoilt) piece.writeUInt8(piece.readUInt8(0) ^ 0xff, 0);
    const breakOff = random.chance(0.15) ? random.int(0, piece.length - 1) : undefined;
    const headers = { "content-type": CHUNK_TYPE, "upload-offset": String(offset), ...checksum };
    const answer = await this.#ask("PATCH", upload.path, headers, piece, breakOff);
    upload.offset = undefined;
    if (answer !== undefined) this.#take(upload, answer, isSpoilt);
    if (upload.offset === undefined) await this.#wait(answer);
  }

  async #look(upload: Upload): Promise<void> {
    const answer = await this.#ask("HEAD", upload.path, {});
    if (answer !== undefined) this.#take(upload, answer, false);
    if (answer === undefined || answer.status >= 300) await this.#wait(answer);
  }

  #take(upload: Upload, answer: HttpAnswer, isSpoilt: boolean): void {
    this.#links.onAnswer({ upload, answer, isSpoilt });
    if (answer.status >= 300) return;
    this.#failures = 0;
    upload.offset = Number(answer.headers["upload-offset"]);
    upload.toldBytes = Math.max(upload.toldBytes, upload.offset);
    upload.jobId = answer.headers["holdfast-job"];
  }

  async #ask(
    method: HttpRequest["method"],
    path: string,
    own: Readonly<Record<string, string>>,
    body?: Uint8Array,
    breakOff?: number,
  ): Promise<HttpAnswer | undefined> {
    const length = body === undefined ? {} : { "content-length": String(body.length) };
    const headers = { ...this.#links.headers, "tus-resumable": RESUMABLE.version, ...own, ...length };
    return await ask(this.#process, this.#links.network, { method, path, headers }, body, breakOff);
  }

  async #wait(answer: HttpAnswer | undefined): Promise<void> {
    const { clock, random } = this.#process;
    const own = Math.min(RETRY.mostMs, RETRY.firstMs * 2 ** this.#failures) * random.between(0.5, 1);
    this.#failures += 1;
    await sleep(clock, Math.max(own, Number(answer?.headers["retry-after"] ?? 0) * 1_000));
  }
}

function checksumOf(algorithm: string, bytes: Uint8Array): string {
  return `${algorithm} ${createHash(algorithm).update(bytes).digest("base64")}`;
}
