/**
 * The end of a recording's live way, said by its client before it uploads what the live way did not deliver: nothing more is
 * taken live, and the answer says how much there is, so that no frame comes twice and none is missing. A client that was killed
 * between an acknowledgement and its own note of it has no other way to know. Asking again gives the same answer.
 */
import { canonicalUuid, HoldfastError } from "@holdfast/contract";
import { endRecording } from "@holdfast/store";
import { z } from "zod";
import type { App, HttpContext } from "../http/context.ts";
import { IdParams } from "./input.ts";

const Ended = z.object({
  recording_session_id: z.string(),
  durable_messages: z.number().int().describe("The first so many audio messages of the recording are stored"),
  conversation_id: z.string().nullable().describe("The conversation that took its sound last"),
});

export function registerRecordingSessions(app: App, { db, clock }: Pick<HttpContext, "db" | "clock">): void {
  app.put(
    "/v1/recording-sessions/:id/ended",
    {
      schema: {
        tags: ["listen"],
        summary: "Nothing more of this recording comes live; how much of it came",
        params: IdParams,
        response: { 200: Ended },
      },
    },
    async (request) => {
      const id = canonicalUuid(request.params.id);
      const ended = id === null ? undefined : await endRecording(db, request.userId, id, clock.now());
      if (id === null || ended === undefined) throw notFound();
      const { durableMessages, conversationId } = ended;
      return { recording_session_id: id, durable_messages: durableMessages, conversation_id: conversationId };
    },
  );
}

function notFound(): HoldfastError {
  const message = "nothing of this recording came live";
  return new HoldfastError(message, { code: "recording_session_not_found", class: "permanent_input" });
}
