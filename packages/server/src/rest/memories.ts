/**
 * Facts about the user: drawn from conversations, or written by hand (reference listen-and-pusher 6.4). What a person changes,
 * judges or deletes here survives every later summary.
 */
import { HoldfastError, Memory } from "@holdfast/contract";
import {
  createMemory,
  deleteMemory,
  editMemory,
  listMemories,
  reviewMemory,
  setMemoryVisibility,
} from "@holdfast/store";
import { z } from "zod";
import type { App, HttpContext } from "../http/context.ts";
import { flag, IdParams, integer, text } from "./input.ts";

const MAX_PAGE = 500;
const MAX_CONTENT = 5_000;
const PageQuery = z.object({
  limit: integer(100, 1),
  offset: integer(0, 0),
  conversation_id: text(200).optional().describe("Only those drawn from this conversation"),
});
const Ok = z.object({ status: z.literal("ok") });
const Visibility = z.enum(["private", "public"]);
const content = text(MAX_CONTENT).refine((value) => value.trim() !== "", "must not be empty");

const NewMemory = z.object({
  content,
  category: z.enum(["interesting", "system", "manual"]).default("manual"),
  tags: z.array(text(100)).max(50).default([]),
  visibility: Visibility.default("private"),
});

export function registerMemories(app: App, { db, clock, random }: Pick<HttpContext, "db" | "clock" | "random">): void {
  const tags = ["memories"];
  const changed = (found: boolean): { status: "ok" } => {
    if (found) return { status: "ok" };
    throw new HoldfastError("Memory not found", { code: "not_found", class: "permanent_input" });
  };

  for (const url of ["/v1/memories", "/v3/memories"]) {
    app.get(
      url,
      {
        schema: {
          tags,
          summary: "Facts about the user, newest first",
          querystring: PageQuery,
          response: { 200: z.array(Memory) },
        },
      },
      async ({ userId, query }) => {
        const { limit, offset, conversation_id: conversationId = null } = query;
        return await listMemories(db, { userId, conversationId, limit: Math.min(limit, MAX_PAGE), offset });
      },
    );
  }

  app.post(
    "/v3/memories",
    { schema: { tags, summary: "Write one down by hand", body: NewMemory, response: { 200: Memory } } },
    async ({ userId, body }) => await createMemory(db, { userId, id: random.uuid(), ...body, nowMs: clock.now() }),
  );

  app.patch(
    "/v3/memories/:id",
    {
      schema: {
        tags,
        summary: "Change its words",
        params: IdParams,
        querystring: z.object({ value: content }),
        response: { 200: Ok },
      },
    },
    async ({ userId, params, query }) => changed(await editMemory(db, userId, params.id, query.value, clock.now())),
  );

  app.delete(
    "/v3/memories/:id",
    { schema: { tags, summary: "Delete it for good", params: IdParams, response: { 200: Ok } } },
    async ({ userId, params }) => changed(await deleteMemory(db, userId, params.id, clock.now())),
  );

  app.post(
    "/v3/memories/:id/review",
    {
      schema: {
        tags,
        summary: "Say whether it is right; a rejected one is not shown any more",
        params: IdParams,
        querystring: z.object({ value: flag }),
        response: { 200: Ok },
      },
    },
    async ({ userId, params, query }) => changed(await reviewMemory(db, userId, params.id, query.value, clock.now())),
  );

  app.patch(
    "/v3/memories/:id/visibility",
    {
      schema: {
        tags,
        summary: "Set the visibility",
        params: IdParams,
        querystring: z.object({ value: Visibility }),
        response: { 200: Ok },
      },
    },
    async ({ userId, params, query }) =>
      changed(await setMemoryVisibility(db, userId, params.id, query.value, clock.now())),
  );
}
