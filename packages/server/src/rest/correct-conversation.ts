/** What a person corrects by hand: the words of a segment, and the overview. Neither a recogniser nor a summary undoes it. */
import { HoldfastError } from "@holdfast/contract";
import { correctOverview, correctSegment } from "@holdfast/store";
import { z } from "zod";
import type { App, HttpContext } from "../http/context.ts";
import { IdParams, text } from "./input.ts";
import { conversationNotFound, ownConversation } from "./own-conversation.ts";

const MAX_TEXT = 10_000;
const MAX_SUMMARY = 50_000;
const Ok = z.object({ status: z.literal("Ok") });
const notEmpty = (value: string): boolean => value.trim() !== "";

export function registerCorrections(app: App, { db, clock }: Pick<HttpContext, "db" | "clock">): void {
  const tags = ["conversations"];

  app.patch(
    "/v1/conversations/:id/segments/text",
    {
      schema: {
        tags,
        summary: "Correct the words of a segment",
        params: IdParams,
        body: z.object({ segment_id: text(200), text: text(MAX_TEXT).refine(notEmpty, "must not be empty") }),
        response: { 200: Ok },
      },
    },
    async ({ userId, params: { id }, body }) => {
      await ownConversation(db, userId, id);
      const home = { userId, conversationId: id, nowMs: clock.now() };
      if (!(await correctSegment(db, home, body.segment_id, body.text.trim()))) throw notFound("Segment not found");
      return { status: "Ok" as const };
    },
  );

  app.patch(
    "/v1/conversations/:id/summary",
    {
      schema: {
        tags,
        summary: "Write the overview; it survives a new summary",
        params: IdParams,
        body: z.object({ app_id: text(200).nullish(), content: text(MAX_SUMMARY) }),
        response: { 200: Ok },
      },
    },
    async ({ userId, params: { id }, body }) => {
      await ownConversation(db, userId, id);
      // Apps write no summaries here, so one of an app cannot exist, and the conversation's own is never ambiguous.
      if (typeof body.app_id === "string" && body.app_id !== "") throw notFound("App result not found");
      const home = { userId, conversationId: id, nowMs: clock.now() };
      if (!(await correctOverview(db, home, body.content))) throw conversationNotFound();
      return { status: "Ok" as const };
    },
  );
}

function notFound(message: string): HoldfastError {
  return new HoldfastError(message, { code: "not_found", class: "permanent_input" });
}
