/** Uploads as a client makes them: multipart batches and tus, over connections that stay open, with bytes made beforehand. */
import { Agent, request as httpRequest, type IncomingMessage } from "node:http";
import { recordingName } from "@holdfast/contract";

const agent = new Agent({ keepAlive: true, maxSockets: 64 });
const PIECE_BYTES = 256 * 1024;

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

let recordings = 0;

/** Another second of the last day each time, so that no two are the same content. */
function nextName(): string {
  recordings += 1;
  const startedAtMs = Date.now() - 3_600_000 + recordings;
  return recordingName({ device: "bench", codec: "pcm16", sampleRate: 16_000, frameSamples: 160, startedAtMs });
}

async function send(
  url: string,
  method: string,
  headers: Readonly<Record<string, string>>,
  parts: readonly Uint8Array[],
): Promise<Answer> {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return await new Promise((resolve, reject) => {
    const sent = httpRequest(
      url,
      { method, agent, headers: { ...headers, "content-length": String(length) } },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on("data", (chunk: Buffer) => chunks.push(chunk));
        answer.on("error", reject);
        answer.on("end", () =>
          resolve({
            status: answer.statusCode ?? 0,
            headers: answer.headers,
            body: Buffer.concat(chunks).toString(),
          }),
        );
      },
    );
    sent.on("error", reject);
    void writeAll(sent, parts).catch(reject);
  });
}

async function writeAll(sent: ReturnType<typeof httpRequest>, parts: readonly Uint8Array[]): Promise<void> {
  for (const part of parts) {
    for (let at = 0; at < part.length; at += PIECE_BYTES) {
      if (sent.write(part.subarray(at, at + PIECE_BYTES))) continue;
      await new Promise((resolve) => sent.once("drain", resolve));
    }
  }
  sent.end();
}

export async function sendBatch(base: string, token: string, files: readonly Uint8Array[]): Promise<Answer> {
  const boundary = "holdfast-bench";
  const parts = files.flatMap((bytes) => [
    Buffer.from(
      `--${boundary}\r\nContent-Disposition: form-data; name="files"; filename="${nextName()}"\r\n` +
        "Content-Type: application/octet-stream\r\n\r\n",
    ),
    bytes,
    Buffer.from("\r\n"),
  ]);
  const headers = { authorization: `Bearer ${token}`, "content-type": `multipart/form-data; boundary=${boundary}` };
  const end = Buffer.from(`--${boundary}--\r\n`);
  return await send(`${base}/v2/sync-local-files`, "POST", headers, [...parts, end]);
}

/** One upload, created and sent in one request after it. */
export async function sendTus(base: string, token: string, bytes: Uint8Array): Promise<Answer> {
  const headers = { authorization: `Bearer ${token}`, "tus-resumable": "1.0.0" };
  const metadata = `filename ${Buffer.from(nextName()).toString("base64")}`;
  const length = String(bytes.length);
  const about = { ...headers, "upload-length": length, "upload-metadata": metadata };
  const created = await send(`${base}/v2/uploads`, "POST", about, []);
  const url = new URL(created.headers.location ?? "", base).toString();
  const chunk = { ...headers, "upload-offset": "0", "content-type": "application/offset+octet-stream" };
  const answer = await send(url, "PATCH", chunk, [bytes]);
  if (answer.status !== 204 || answer.headers["upload-offset"] !== length) throw new Error(`tus: ${answer.status}`);
  return answer;
}
