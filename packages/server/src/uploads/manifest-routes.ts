/**
 * `POST /v2/sync-capture-manifest`: proves for a device that recordings belong to a conversation it recorded live. 403 and 409
 * are final for these files, and without `Retry-After`: the client then uploads them without a manifest.
 */
import { CAPTURE_MANIFEST, CaptureManifestRequest, HoldfastError, parseRecordingName } from "@holdfast/contract";
import { type ConversationRow, claimCapture, type Db, findConversation } from "@holdfast/store";
import { z } from "zod";
import type { App } from "../http/context.ts";
import { clientDevice } from "./capture.ts";
import { fileSetOf, signManifest } from "./manifest.ts";
import type { UploadContext } from "./routes.ts";

export function registerManifestRoutes(app: App, context: UploadContext): void {
  const { db, clock } = context;
  app.post(
    "/v2/sync-capture-manifest",
    {
      config: { sync: true },
      schema: {
        tags: ["uploads"],
        summary: "Prove that recordings were made during a live conversation of this device",
        body: CaptureManifestRequest,
        response: { 200: z.object({ manifest: z.string() }) },
      },
    },
    async ({ userId, body, headers }) => {
      const nowMs = clock.now();
      const { deviceId } = clientDevice(headers);
      const row = await ownCapture(db, userId, body.conversation_id, deviceId);
      for (const { name } of body.files) refuseOutside(row, name, nowMs);
      const claim = { userId, conversationId: row.id, fileSet: fileSetOf(body.files), nowMs };
      if (!(await claimCapture(db, claim))) {
        const message = "other files of this conversation were proven already";
        throw new HoldfastError(message, { code: "capture_already_claimed", class: "permanent_input" });
      }
      const { manifests } = await context.uploadKeys();
      const subject = { userId, deviceId: deviceId ?? "", conversationId: body.conversation_id };
      return { manifest: signManifest(manifests, subject, body.files, nowMs) };
    },
  );
}

async function ownCapture(db: Db, userId: string, id: string, deviceId: string | null): Promise<ConversationRow> {
  const row = deviceId === null ? undefined : await findConversation(db, userId, id);
  if (row?.origin === "live" && row.client_device_id === deviceId) return row;
  throw notProven("this device did not record that conversation");
}

/** A file may begin a while before and after what is known of the conversation. */
function refuseOutside(row: ConversationRow, name: string, nowMs: number): void {
  const startedAtMs = startOf(name, nowMs);
  const endMs = row.status === "in_progress" ? nowMs : row.finished_at;
  const slop = CAPTURE_MANIFEST.conversationSlopMs;
  if (startedAtMs >= row.started_at - slop && startedAtMs <= endMs + slop) return;
  throw notProven("a file was not recorded during that conversation");
}

function startOf(name: string, nowMs: number): number {
  try {
    return parseRecordingName(name, nowMs).startedAtMs;
  } catch (error) {
    const message = "files.name: the name of a recording is expected";
    throw new HoldfastError(message, { code: "validation_failed", class: "permanent_input", cause: error });
  }
}

function notProven(message: string): HoldfastError {
  return new HoldfastError(message, { code: "forbidden", class: "permanent_input" });
}
