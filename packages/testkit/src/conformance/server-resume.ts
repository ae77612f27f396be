/** Resumable uploads by tus 1.0 (core and creation): an offset that was told is where the upload goes on. */

import { type AskedServer, freshRecording, type NamedBytes, type ServerAnswer, told } from "./asked-server.ts";
import { NotOffered, type Rule, see } from "./rules.ts";

const TUS = { "tus-resumable": "1.0.0" };
const base64 = (text: string): string => Buffer.from(text).toString("base64");

async function create(server: AskedServer, { name, bytes }: NamedBytes): Promise<string> {
  const offer = await server.ask("/v2/uploads", { method: "OPTIONS" });
  const extensions = offer.headers.get("tus-extension")?.split(",") ?? [];
  if (offer.status >= 300 || !extensions.includes("creation"))
    throw new NotOffered("it does not say that it speaks tus");
  const headers = { ...TUS, "upload-length": String(bytes.length), "upload-metadata": `filename ${base64(name)}` };
  const answer = await server.ask("/v2/uploads", { method: "POST", headers });
  const location = answer.headers.get("location");
  see(answer.status === 201 && location !== null, told(answer));
  return new URL(location, server.target.url).href;
}

async function send(
  server: AskedServer,
  at: string,
  offset: number,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<ServerAnswer> {
  const headers = { ...TUS, "upload-offset": String(offset), "content-type": "application/offset+octet-stream" };
  return await server.ask(at, { method: "PATCH", headers, body: bytes });
}

async function offsetOf(server: AskedServer, at: string): Promise<number> {
  const { headers } = await server.ask(at, { method: "HEAD", headers: TUS });
  return Number(headers.get("upload-offset") ?? Number.NaN);
}

export const RESUME_RULES: readonly Rule<AskedServer>[] = [
  {
    id: "T1",
    says: "An upload that was cut off goes on at the offset that HEAD tells, and ends with a job.",
    async check(server) {
      const recording = freshRecording(200);
      const at = await create(server, recording);
      see((await offsetOf(server, at)) === 0, "a new upload does not stand at 0");
      const half = recording.bytes.length >> 1;
      const first = await send(server, at, 0, recording.bytes.subarray(0, half));
      see(first.status === 204 && first.headers.get("upload-offset") === String(half), told(first));
      const stands = await offsetOf(server, at);
      see(stands === half, `HEAD says ${stands} after ${half} bytes`);
      const last = await send(server, at, half, recording.bytes.subarray(half));
      see(last.status === 204, told(last));
      const job = last.headers.get("holdfast-job");
      see(job !== null, "the last answer names no job in holdfast-job");
      const answer = await server.ask(`/v2/sync-local-files/${job}`);
      see(answer.status === 200, told(answer));
    },
  },
  {
    id: "T2",
    says: "Bytes for another offset than the one where the upload stands are refused with 409, and change nothing.",
    async check(server) {
      const recording = freshRecording(100);
      const at = await create(server, recording);
      const wrong = await send(server, at, 10, recording.bytes.subarray(10, 20));
      see(wrong.status === 409, told(wrong));
      const stands = await offsetOf(server, at);
      see(stands === 0, `it stands at ${stands}`);
    },
  },
];
