/** What a person changes by hand: title, star, visibility, deletion (reference listen-and-pusher section 9). */
import { Conversation } from "@holdfast/contract";
import { deleteConversation, setStarred, setTitle, setVisibility } from "@holdfast/store";
import { z } from "zod";
import type { App, HttpContext } from "../http/context.ts";
import { flag, IdParams, text } from "./input.ts";
import { conversationNotFound, ownConversation, ownConversationView } from "./own-conversation.ts";

const Ok = z.object({ status: z.literal("Ok") });
const OkWithConversation = Ok.extend({ conversation: Conversation });
const MAX_TITLE = 500;

export function registerConversationEdits(app: App, { db, clock }: Pick<HttpContext, "db" | "clock">): void {
  const tags = ["conversations"];
  /** Runs a change of the asker's own conversation; one that vanished meanwhile is as unknown as one that never was. */
  const change = async (userId: string, id: string, apply: () => Promise<boolean>): Promise<void> => {
    await ownConversation(db, userId, id);
    if (!(await apply())) throw conversationNotFound();
  };

  app.patch(
    "/v1/conversations/:id/title",
    {
      schema: {
        tags,
        summary: "Set the title; it survives a new summary",
        params: IdParams,
        querystring: z.object({ title: text(MAX_TITLE) }),
        response: { 200: OkWithConversation },
      },
    },
    async ({ userId, params: { id }, query }) => {
      await change(userId, id, () => setTitle(db, userId, id, query.title, clock.now()));
      return { status: "Ok" as const, conversation: await ownConversationView(db, userId, id) };
    },
  );

  app.patch(
    "/v1/conversations/:id/starred",
    {
      schema: {
        tags,
        summary: "Star or unstar",
        params: IdParams,
        querystring: z.object({ starred: flag }),
        response: { 200: OkWithConversation },
      },
    },
    async ({ userId, params: { id }, query }) => {
      await change(userId, id, () => setStarred(db, userId, id, query.starred, clock.now()));
      return { status: "Ok" as const, conversation: await ownConversationView(db, userId, id) };
    },
  );

  app.patch(
    "/v1/conversations/:id/visibility",
    {
      schema: {
        tags,
        summary: "Set the visibility",
        params: IdParams,
        querystring: z.object({ value: z.enum(["private", "shared", "public"]) }),
        response: { 200: Ok },
      },
    },
    async ({ userId, params: { id }, query }) => {
      await change(userId, id, () => setVisibility(db, userId, id, query.value, clock.now()));
      return { status: "Ok" as const };
    },
  );

  app.delete(
    "/v1/conversations/:id",
    {
      schema: {
        tags,
        summary: "Delete with transcript and audio; cascade also deletes memories and action items",
        params: IdParams,
        querystring: z.object({ cascade: flag.optional() }),
        response: { 200: Ok },
      },
    },
    async ({ userId, params: { id }, query }) => {
      const options = { cascade: query.cascade ?? false, nowMs: clock.now() };
      await change(userId, id, () => deleteConversation(db, userId, id, options));
      return { status: "Ok" as const };
    },
  );
}
