/** Multipart bodies, well made and badly made. */
import { recordingName, writeFrames } from "@holdfast/contract";

export const BOUNDARY = "holdfast-test-boundary";

export interface Part {
  readonly field: string;
  /** Written as it is; null leaves the file name out. */
  readonly fileName: string | null;
  readonly bytes: Uint8Array | string;
}

/** The body of a request with these parts, byte for byte, so that names no client would send can be sent. */
export function multipartBody(parts: readonly Part[]): Buffer {
  const chunks: Buffer[] = [];
  for (const { field, fileName, bytes } of parts) {
    const name = fileName === null ? "" : `; filename="${fileName}"`;
    const head = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${field}"${name}\r\n`;
    const type = fileName === null ? "" : "Content-Type: application/octet-stream\r\n";
    chunks.push(Buffer.from(`${head}${type}\r\n`), Buffer.from(bytes), Buffer.from("\r\n"));
  }
  chunks.push(Buffer.from(`--${BOUNDARY}--\r\n`));
  return Buffer.concat(chunks);
}

export const MULTIPART_TYPE: string = `multipart/form-data; boundary=${BOUNDARY}`;

export function multipartRequest(parts: readonly Part[], headers: Record<string, string> = {}): RequestInit {
  return {
    method: "POST",
    headers: { "content-type": MULTIPART_TYPE, ...headers },
    body: new Uint8Array(multipartBody(parts)),
  };
}

/** A recording of `seconds` of made-up packets that began `ageMs` ago. */
export function recording(ageMs: number, content = "a"): Part {
  const startedAtMs = Math.floor((Date.now() - ageMs) / 1000) * 1000;
  const fileName = recordingName({ device: "test", codec: "opus", sampleRate: 16_000, frameSamples: 160, startedAtMs });
  return { field: "files", fileName, bytes: writeFrames([Buffer.from(content), Buffer.from("packet")]) };
}

/** The smallest bytes that look like a WAV file. */
export function wav(samples = 8): Buffer {
  const data = Buffer.alloc(samples * 2);
  const head = Buffer.alloc(44);
  head.write("RIFF", 0);
  head.writeUInt32LE(36 + data.length, 4);
  head.write("WAVEfmt ", 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(16_000, 24);
  head.writeUInt32LE(32_000, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write("data", 36);
  head.writeUInt32LE(data.length, 40);
  return Buffer.concat([head, data]);
}
