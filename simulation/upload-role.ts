/**
 * The part of a gateway that takes uploads: the real routes behind the real check of who asks, on the blobs of the simulated
 * disk. Left out of the web application is what does not belong to uploads.
 */
import type { Config } from "@holdfast/contract";
import { answerError, bareApp, registerUploads, requireUser, type TokenChecker } from "@holdfast/server/parts";
import { type BlobStore, type Db, openDirectoryBlobs } from "@holdfast/store";
import type { SimDisk, SimNetwork, SimProcess } from "@holdfast/testkit/simulator";
import { type HttpAnswer, type HttpRequest, type Served, serveHttp, type WebApp } from "./http.ts";
import type { Plant } from "./plants.ts";

export interface UploadRole {
  readonly network: SimNetwork;
  readonly disk: SimDisk;
  readonly config: Config;
  readonly db: Db;
  /** Some clients begin what they may leave. */
  readonly sweeps: boolean;
  readonly onAnswer: (by: SimProcess, served: Served) => void;
  readonly onReceiving: (by: SimProcess, change: 1 | -1) => void;
  readonly plant: Pick<Plant, "acceptsOnReceipt" | "refusesWhatItTook" | "ignoresChecksums"> | undefined;
}

const FOLDER = "/blobs";

/** A process that cannot open its store ends, and is started again. */
export async function openBlobs(process: SimProcess, disk: SimDisk): Promise<BlobStore | undefined> {
  try {
    return await openDirectoryBlobs(FOLDER, process.clock.now(), disk.filesOf(process));
  } catch {
    process.kill();
    return undefined;
  }
}

export async function startUploadRole(process: SimProcess, role: UploadRole): Promise<void> {
  const blobs = await openBlobs(process, role.disk);
  if (blobs === undefined) return;
  let app: Promise<WebApp> | undefined;
  const open = (): Promise<WebApp> => {
    app ??= makeApp(process, blobs, role);
    return app;
  };
  // It also sweeps what clients left.
  if (role.sweeps) await process.scheduler.real(open());
  serveHttp({
    process,
    network: role.network,
    makeApp: open,
    onAnswer: (served) => role.onAnswer(process, served),
    onReceiving: (change) => role.onReceiving(process, change),
    ...(role.plant?.acceptsOnReceipt === true ? { early: (request) => acceptedEarly(process, request) } : {}),
    ...(role.plant?.ignoresChecksums === true ? { read: withoutChecksum } : {}),
    ...(role.plant?.refusesWhatItTook === true ? { instead: refusal } : {}),
  });
}

async function makeApp(process: SimProcess, blobs: BlobStore, { db, config }: UploadRole): Promise<WebApp> {
  const { clock, random, log } = process;
  // Users are their own tokens, as on the live sockets.
  const tokens: TokenChecker = {
    check: async (token) => ({ outcome: "valid", userId: token, tokenHash: "" }),
    forgetUser() {},
  };
  const context = { db, blobs, config, clock, random, log, tokens, draining: new AbortController().signal };
  const app = bareApp();
  app.addHook("onRequest", requireUser(tokens));
  app.setErrorHandler(async (error, request, reply) => await answerError(error, request, reply, log));
  await registerUploads(app, context);
  await app.ready();
  return app;
}

function acceptedEarly(process: SimProcess, { method }: HttpRequest): HttpAnswer | undefined {
  const body = { job_id: process.random.uuid(), status: "queued", poll_after_ms: 3_000 };
  return method === "POST" ? { status: 202, headers: {}, body } : undefined;
}

function withoutChecksum({ "upload-checksum": _, ...headers }: HttpRequest["headers"]): HttpRequest["headers"] {
  return headers;
}

function refusal(answer: HttpAnswer): HttpAnswer {
  return answer.status === 202 ? { status: 503, headers: {}, body: { code: "backfill_capacity" } } : answer;
}
