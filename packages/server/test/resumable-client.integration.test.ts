/** The tus project's own client against our server: it uploads, is interrupted, resumes with another one, and gives up. */
import { createHash } from "node:crypto";
import { findResumable, loadUploadFiles } from "@holdfast/store";
import { startTcpGate, startTestServer, type TestServer } from "@holdfast/testkit";
import { type PreviousUpload, Upload, type UploadOptions } from "tus-js-client";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startTestGateway, type TestGateway } from "./support/gateway.ts";
import { recording } from "./support/multipart.ts";
import { jobOf, tusClient } from "./support/tus.ts";
import { eventually } from "./support/wait.ts";

let server: TestServer;
let gateway: TestGateway;
beforeAll(async () => {
  server = await startTestServer();
  gateway = await startTestGateway(server);
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
});

const MIB = 1024 * 1024;
const HOUR = 3_600_000;
const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const sound = (fill: number, size = 5 * MIB): Buffer => Buffer.alloc(size, fill);

interface Uploading {
  readonly upload: Upload;
  readonly done: Promise<void>;
}

function uploading(file: Buffer, options: Partial<UploadOptions> = {}): Uploading {
  let upload: Upload | undefined;
  const done = new Promise<void>((resolve, reject) => {
    upload = new Upload(file, {
      endpoint: `${gateway.url}/v2/uploads`,
      headers: { authorization: `Bearer ${gateway.alice}` },
      metadata: { filename: recording(HOUR).fileName ?? "" },
      retryDelays: null,
      ...options,
      onSuccess: () => resolve(),
      onError: reject,
    });
  });
  if (upload === undefined) throw new Error("made above");
  return { upload, done };
}

async function bytesOfJob(url: string | null) {
  const job = jobOf(await tusClient((path, init) => gateway.ask(path, init)).head(new URL(url ?? "").pathname));
  const [file] = await loadUploadFiles(gateway.db, "alice", job ?? "");
  return file?.sha256;
}

it.each([
  ["in one request", {}],
  ["in chunks", { chunkSize: 700_000 }],
  ["with its creation", { uploadDataDuringCreation: true }],
  ["with its creation in chunks", { uploadDataDuringCreation: true, chunkSize: 2 * MIB }],
  ["with POST instead of PATCH", { overridePatchMethod: true }],
] as const)("uploads %s", async (what, options) => {
  const file = sound(what.length);
  const { upload, done } = uploading(file, options);
  upload.start();
  await done;
  expect(await bytesOfJob(upload.url)).toBe(sha256(file));
});

it("is interrupted, and another one resumes where it was", async () => {
  const file = sound(1, 12 * MIB);
  let sent = 0;
  const first = uploading(file, {
    chunkSize: MIB,
    onChunkComplete: (_size, accepted) => {
      sent = accepted;
      if (accepted >= 3 * MIB) void first.upload.abort();
    },
  });
  first.upload.start();
  await eventually("a few chunks", async () => sent >= 3 * MIB);
  const url = first.upload.url ?? "";
  const previous: PreviousUpload = {
    size: file.length,
    metadata: {},
    creationTime: "",
    urlStorageKey: "",
    uploadUrl: url,
    parallelUploadUrls: null,
  };
  const second = uploading(file, { uploadUrl: url });
  second.upload.resumeFromPreviousUpload(previous);
  second.upload.start();
  await second.done;
  expect(await bytesOfJob(url)).toBe(sha256(file));
});

it("never hears of the last answer, asks, and learns that all is done", async () => {
  await using gate = await startTcpGate(gateway.port);
  const file = sound(2, MIB);
  const created = uploading(file, { endpoint: `http://127.0.0.1:${gate.port}/v2/uploads`, uploadSize: file.length });
  created.upload.start();
  await created.done;
  // The same once more, with the answer to its bytes kept back.
  const again = uploading(sound(3, MIB), {
    endpoint: `http://127.0.0.1:${gate.port}/v2/uploads`,
    onUploadUrlAvailable: () => gate.holdAnswers(),
  });
  again.upload.start();
  const id = await eventually("the upload", async () => again.upload.url?.split("/").at(-1));
  await eventually("its job", async () => (await findResumable(gateway.db, "alice", id))?.job_id ?? undefined);
  await again.upload.abort();
  const resumed = uploading(sound(3, MIB), { uploadUrl: `${gateway.url}/v2/uploads/${id}` });
  resumed.upload.start();
  await resumed.done;
  expect(await bytesOfJob(resumed.upload.url)).toBe(sha256(sound(3, MIB)));
});

it("gives up, and nothing is left of it", async () => {
  const before = await gateway.leftovers();
  let sent = 0;
  const { upload } = uploading(sound(4, 8 * MIB), {
    chunkSize: MIB,
    onChunkComplete: (_size, accepted) => {
      sent = accepted;
      if (accepted === 2 * MIB) void upload.abort();
    },
  });
  upload.start();
  await eventually("two chunks", async () => sent >= 2 * MIB);
  await upload.abort(true);
  expect(await gateway.leftovers()).toHaveLength(before.length);
});

it("is told why, where a recording is not taken", async () => {
  const { upload, done } = uploading(sound(5, 10), { metadata: { filename: "notes.txt" } });
  upload.start();
  await expect(done).rejects.toThrow(/sync_invalid_name/);
});
