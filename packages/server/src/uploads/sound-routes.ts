/**
 * Our own upload of ordinary sound files (`POST /v1/uploads`, parts named `file`, optional field `started_at`), and the list
 * of everything a user uploaded. Recordings of Omi devices dropped here by hand (`.bin`) are taken as what they are. One
 * request holds files of one sort only.
 */
import { HoldfastError, parseRecordingName, SyncAccepted, SyncJobView } from "@holdfast/contract";
import { type Job, listJobs } from "@holdfast/store";
import { z } from "zod";
import type { App } from "../http/context.ts";
import { acceptRecordings, type Recordings } from "./accept.ts";
import { sourceOf } from "./batch.ts";
import { captureFacts } from "./capture.ts";
import { ownUploadJob } from "./find-job.ts";
import { jobView } from "./job-view.ts";
import { type Received, receiveFiles } from "./receive.ts";
import type { UploadContext } from "./routes.ts";
import { onlySound } from "./sniff.ts";
import { checkSoundName, parseStartedAt } from "./sound-names.ts";

const LISTED = 100;
const ListedUpload = SyncJobView.extend({ created_at: z.string(), file_names: z.array(z.string()) });
const config = { problem: true } as const;
const tags = ["uploads"];

const isRecording = (name: string): boolean => name.endsWith(".bin");

export function registerSoundRoutes(app: App, context: UploadContext): void {
  const { db, blobs, clock } = context;
  app.post(
    "/v1/uploads",
    {
      config,
      schema: {
        tags,
        summary: "Upload sound files: WAV, MP3, M4A, Ogg, WebM, FLAC or .bin (multipart, parts named file)",
        consumes: ["multipart/form-data"],
        response: { 202: SyncAccepted },
      },
    },
    async (request, reply) => {
      const nowMs = clock.now();
      let sort: "omi" | "sound" | undefined;
      const received = await receiveFiles(request, blobs, {
        field: "file",
        checkName: (name) => {
          checkSoundName(name);
          if (isRecording(name)) parseRecordingName(name, nowMs);
          sort = sameSort(sort, isRecording(name) ? "omi" : "sound");
        },
        inspect: (source, name) => (isRecording(name) ? source : onlySound(source)),
      });
      const described = await describe(received, sort ?? "sound", nowMs, async () => {
        for (const file of received.files) await blobs.discard(file.staged);
      });
      const { userId } = request;
      const accepted = await acceptRecordings(context, {
        userId,
        facts: captureFacts(request.headers, {}),
        isProven: false,
        counted: [],
        isOmiRoute: false,
        ...described,
      });
      return await reply.code(202).send(accepted);
    },
  );

  app.get(
    "/v1/uploads",
    {
      config,
      schema: {
        tags,
        summary: "Your newest uploads and where they are",
        response: { 200: z.object({ uploads: z.array(ListedUpload) }) },
      },
    },
    async ({ userId }) => {
      const jobs = await listJobs(db, { userId, kinds: ["sync"], limit: LISTED });
      return { uploads: jobs.map((job) => listedUpload(job, clock.now())) };
    },
  );

  app.get(
    "/v1/uploads/:jobId",
    {
      config,
      schema: {
        tags,
        summary: "What became of an upload",
        params: z.object({ jobId: z.string() }),
        response: { 200: ListedUpload },
      },
    },
    async ({ userId, params }) => listedUpload(await ownUploadJob(db, userId, params.jobId), clock.now()),
  );
}

function sameSort<Sort extends string>(before: Sort | undefined, sort: Sort): Sort {
  if (before === undefined || before === sort) return sort;
  const message = ".bin recordings and other sound files cannot go in one request";
  throw new HoldfastError(message, { code: "mixed_upload", class: "permanent_input" });
}

type Described = Pick<Recordings, "kind" | "source" | "files" | "startedAtMs">;

/** Names say when a `.bin` began; of other files only the person can say, and otherwise they count as recorded now. */
async function describe(
  received: Received,
  kind: "omi" | "sound",
  nowMs: number,
  discard: () => Promise<void>,
): Promise<Described> {
  try {
    if (kind === "sound") {
      const started = parseStartedAt(received.fields.get("started_at"), nowMs);
      const files = received.files.map((file) => ({ ...file, capturedAtMs: started ?? null }));
      return { kind, source: "external_integration", files, startedAtMs: started ?? nowMs };
    }
    const names = received.files.map((file) => parseRecordingName(file.name, nowMs));
    const files = received.files.map((file, at) => ({ ...file, capturedAtMs: names[at]?.startedAtMs ?? null }));
    return { kind, source: sourceOf(names), files };
  } catch (error) {
    await discard();
    throw error;
  }
}

export function listedUpload(job: Job, nowMs: number): z.output<typeof ListedUpload> {
  const names = job.payload.file_names;
  return {
    ...jobView(job, nowMs),
    created_at: new Date(job.createdMs).toISOString(),
    file_names: Array.isArray(names) ? names.filter((name) => typeof name === "string") : [],
  };
}
