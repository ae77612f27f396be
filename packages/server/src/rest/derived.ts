/** What was drawn from conversations: memories and action items, newest first. */
import { Memory } from "@holdfast/contract";
import { listActionItems, listMemories } from "@holdfast/store";
import { z } from "zod";
import type { App, HttpContext } from "../http/context.ts";
import { flag, integer } from "./input.ts";

const MAX_PAGE = 500;
const PageQuery = z.object({ limit: integer(100, 1), offset: integer(0, 0) });

const StoredActionItem = z.object({
  id: z.string(),
  conversation_id: z.string().nullable(),
  description: z.string(),
  completed: z.boolean(),
  due_at: z.string().nullable(),
  completed_at: z.string().nullable(),
  created_at: z.string(),
  updated_at: z.string(),
});

export function registerDerived(app: App, { db }: Pick<HttpContext, "db">): void {
  app.get(
    "/v1/memories",
    {
      schema: {
        tags: ["derived"],
        summary: "Facts learned from conversations",
        querystring: PageQuery,
        response: { 200: z.array(Memory) },
      },
    },
    async ({ userId, query }) => {
      return await listMemories(db, { userId, limit: Math.min(query.limit, MAX_PAGE), offset: query.offset });
    },
  );

  app.get(
    "/v1/action-items",
    {
      schema: {
        tags: ["derived"],
        summary: "Things to do",
        querystring: PageQuery.extend({ completed: flag.optional() }),
        response: { 200: z.object({ action_items: z.array(StoredActionItem), has_more: z.boolean() }) },
      },
    },
    async ({ userId, query }) => {
      const limit = Math.min(query.limit, MAX_PAGE);
      const filter = { userId, limit: limit + 1, offset: query.offset, completed: query.completed ?? null };
      const items = await listActionItems(db, filter);
      return { action_items: items.slice(0, limit), has_more: items.length > limit };
    },
  );
}
