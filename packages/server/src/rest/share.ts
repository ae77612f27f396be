/**
 * A conversation that is shared by link: its owner learns the link, and whoever has it reads what `SharedConversation` allows,
 * without an account, as long as the visibility of the conversation is not private. What is private, deleted or locked is as
 * unknown as what never was.
 */
import { type Conversation, HoldfastError, SharedConversation } from "@holdfast/contract";
import { findConversation, listPeople, serverSecret, wholeConversation } from "@holdfast/store";
import { z } from "zod";
import type { App, HttpContext } from "../http/context.ts";
import { IdParams } from "./input.ts";
import { ownConversation } from "./own-conversation.ts";
import { openShareKey, sealShareKey } from "./share-key.ts";

type Context = Pick<HttpContext, "db" | "clock">;

const tags = ["conversations"];
const SECRET = "share_links";

const ShareLink = z.object({ path: z.string().describe("Behind the address of this server") });

export function registerShareLink(app: App, { db, clock }: Context): void {
  app.get(
    "/v1/conversations/:id/share-link",
    {
      schema: {
        tags,
        summary: "Where it can be read without a token while it is not private",
        params: IdParams,
        response: { 200: ShareLink },
      },
    },
    async ({ userId, params: { id } }) => {
      const row = await ownConversation(db, userId, id);
      const secret = await serverSecret(db, SECRET, clock.now());
      return { path: `/shared/${sealShareKey(secret, { userId, conversationId: row.id })}` };
    },
  );
}

/** Beside the routes that need a token: the key is the proof. */
export function registerShared(app: App, { db, clock }: Context): void {
  app.get(
    "/v1/shared/:key",
    {
      schema: {
        tags,
        summary: "A conversation that its owner shares by link; no token needed",
        security: [],
        params: z.object({ key: z.string() }),
        response: { 200: SharedConversation },
      },
    },
    async ({ params: { key } }, reply) => {
      void reply.header("cache-control", "no-store").header("x-robots-tag", "noindex, nofollow");
      const name = openShareKey(await serverSecret(db, SECRET, clock.now()), key);
      const row = name === undefined ? undefined : await findConversation(db, name.userId, name.conversationId);
      if (row === undefined || row.is_locked || row.visibility === "private") throw notShared();
      const people = await listPeople(db, row.user_id);
      return sharedView(await wholeConversation(db, row), new Map(people.map((person) => [person.id, person.name])));
    },
  );
}

function sharedView(conversation: Conversation, names: ReadonlyMap<string, string>): SharedConversation {
  const { structured, transcript_segments, created_at, started_at, finished_at } = conversation;
  return {
    title: structured.title,
    overview: structured.overview,
    started_at: started_at ?? created_at,
    finished_at: finished_at ?? created_at,
    action_items: structured.action_items.map(({ description, completed }) => ({ description, completed })),
    segments: transcript_segments.map(({ id, start, text, speaker_id, is_user, person_id }) => ({
      ...{ id, start, text, speaker_id, is_owner: is_user },
      name: names.get(person_id ?? "") ?? null,
    })),
  };
}

/** The words of the reference for a conversation that is not shared; nobody learns whether it exists. */
function notShared(): HoldfastError {
  return new HoldfastError("Conversation is private", { code: "not_found", class: "permanent_input" });
}
