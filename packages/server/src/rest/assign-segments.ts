/**
 * Whose words segments are, decided by a person (reference listen-and-pusher section 9): one segment by its number, all of a
 * speaker, or a list. `is_user` says "mine", `person_id` says whose; `null` takes the decision back. Naming a person asks for
 * samples of the voice, in the transaction that stores the name.
 */
import { Conversation, HoldfastError, type Segment } from "@holdfast/contract";
import { labelFor, OWNER, type SpeakerLabel } from "@holdfast/core";
import { assignSegments, type ChooseSegments } from "@holdfast/store";
import { z } from "zod";
import type { App, HttpContext } from "../http/context.ts";
import { flag, IdParams, text } from "./input.ts";
import { conversationNotFound, ownConversation, ownConversationView } from "./own-conversation.ts";

const MAX_SEGMENTS = 5_000;
const Decision = z.object({
  assign_type: z.string(),
  value: text(200).nullish(),
  use_for_speech_training: flag
    .default(true)
    .describe("Samples of the person's voice may be cut from these words, where sound is kept"),
});

/** `#index:3` names a segment by its place; places move while a conversation is open. */
const BY_INDEX = /^#index:(\d{1,6})$/u;

function refusal(message: string, code: string): HoldfastError {
  return new HoldfastError(message, { code, class: "permanent_input" });
}

function labelOf(type: string, value: string | null | undefined): SpeakerLabel {
  const given = value === undefined || value === null || value === "" || value === "null" ? null : value;
  if (type === "person_id") return labelFor(given);
  if (type !== "is_user") throw refusal("Invalid assign type", "bad_request");
  const mine = given !== null && !/^(false|0|no)$/iu.test(given);
  return labelFor(mine ? OWNER : null);
}

/** A place in the transcript; where it is not one, there is no such segment. */
function at(segments: readonly Segment[], index: string): Segment | undefined {
  return /^\d{1,6}$/u.test(index) ? segments[Number(index)] : undefined;
}

export function registerAssignments(app: App, { db, clock }: Pick<HttpContext, "db" | "clock">): void {
  const tags = ["conversations"];
  const assign = async (
    userId: string,
    id: string,
    decision: z.output<typeof Decision>,
    choose: ChooseSegments,
  ): Promise<Conversation> => {
    const label = labelOf(decision.assign_type, decision.value);
    await ownConversation(db, userId, id);
    const home = { userId, conversationId: id, nowMs: clock.now() };
    const sampling = decision.use_for_speech_training ? { afterMs: 0 } : undefined;
    if ((await assignSegments(db, home, label, choose, sampling)) === undefined) throw conversationNotFound();
    return await ownConversationView(db, userId, id);
  };

  app.patch(
    "/v1/conversations/:id/segments/:index/assign",
    {
      schema: {
        tags,
        summary: "Say who said one segment",
        params: IdParams.extend({ index: z.string() }),
        querystring: Decision,
        response: { 200: Conversation },
      },
    },
    async ({ userId, params, query }) =>
      await assign(userId, params.id, query, (segments) => {
        const segment = at(segments, params.index);
        if (segment === undefined) throw refusal("Segment not found", "not_found");
        return [segment];
      }),
  );

  app.patch(
    "/v1/conversations/:id/assign-speaker/:speaker",
    {
      schema: {
        tags,
        summary: "Say who a speaker is",
        params: IdParams.extend({ speaker: z.string() }),
        querystring: Decision,
        response: { 200: Conversation },
      },
    },
    async ({ userId, params, query }) =>
      await assign(userId, params.id, query, (segments) =>
        segments.filter((segment) => String(segment.speaker_id) === params.speaker),
      ),
  );

  app.patch(
    "/v1/conversations/:id/segments/assign-bulk",
    {
      schema: {
        tags,
        summary: "Say who said several segments; nothing changes where one of them is unknown",
        params: IdParams,
        body: Decision.extend({ segment_ids: z.array(text(200)).min(1).max(MAX_SEGMENTS) }),
        response: { 200: Conversation },
      },
    },
    async ({ userId, params, body }) =>
      await assign(userId, params.id, body, (segments, status) => {
        const byId = new Map(segments.map((segment) => [segment.id, segment]));
        return body.segment_ids.map((id) => {
          const index = status === "completed" ? BY_INDEX.exec(id)?.[1] : undefined;
          const segment = byId.get(id) ?? (index === undefined ? undefined : at(segments, index));
          if (segment === undefined) throw refusal("Some segments could not be found", "conflict");
          return segment;
        });
      }),
  );
}
