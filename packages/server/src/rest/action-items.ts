/** Things to do: the list of all of them, whatever conversation they come from, and those written by hand. */
import { HoldfastError } from "@holdfast/contract";
import {
  changeActionItem,
  createActionItem,
  deleteActionItem,
  findActionItem,
  listActionItems,
  type StoredActionItem,
} from "@holdfast/store";
import { z } from "zod";
import type { App, HttpContext } from "../http/context.ts";
import { flag, IdParams, integer, parseTime, text, time } from "./input.ts";
import { ownConversation } from "./own-conversation.ts";

const MAX_PAGE = 500;
const MAX_DESCRIPTION = 2_000;
const tags = ["action items"];

const ActionItem = z.object({
  id: z.string(),
  conversation_id: z.string().nullable(),
  description: z.string(),
  completed: z.boolean(),
  due_at: z.string().nullable(),
  completed_at: z.string().nullable(),
  created_at: z.string(),
  updated_at: z.string(),
  is_locked: z.boolean(),
});

const ListQuery = z.object({
  limit: integer(100, 1),
  offset: integer(0, 0),
  completed: flag.optional(),
  conversation_id: z.string().optional(),
  start_date: time.optional(),
  end_date: time.optional(),
  due_start_date: time.optional(),
  due_end_date: time.optional(),
});

const description = text(MAX_DESCRIPTION).refine((value) => value.trim() !== "", "must not be empty");
const dueAt = z
  .string()
  .max(64)
  .refine((value) => parseTime(value) !== undefined, "must be a time in ISO 8601")
  .nullish();

const NewItem = z.object({
  description,
  completed: z.boolean().default(false),
  due_at: dueAt,
  conversation_id: z.string().nullish(),
});
const ItemChange = z.object({ description: description.optional(), completed: z.boolean().optional(), due_at: dueAt });

export function registerActionItems(
  app: App,
  { db, clock, random }: Pick<HttpContext, "db" | "clock" | "random">,
): void {
  app.get(
    "/v1/action-items",
    {
      schema: {
        tags,
        summary: "Things to do, newest first",
        querystring: ListQuery,
        response: { 200: z.object({ action_items: z.array(ActionItem), has_more: z.boolean() }) },
      },
    },
    async ({ userId, query }) => {
      const limit = Math.min(query.limit, MAX_PAGE);
      const items = await listActionItems(db, {
        userId,
        limit: limit + 1,
        offset: query.offset,
        completed: query.completed,
        conversationId: query.conversation_id,
        startMs: query.start_date,
        endMs: query.end_date,
        dueStartMs: query.due_start_date,
        dueEndMs: query.due_end_date,
      });
      return { action_items: items.slice(0, limit), has_more: items.length > limit };
    },
  );

  app.post(
    "/v1/action-items",
    { schema: { tags, summary: "Write one down by hand", body: NewItem, response: { 200: ActionItem } } },
    async ({ userId, body }) => {
      const conversationId = body.conversation_id ?? null;
      if (conversationId !== null) await ownConversation(db, userId, conversationId);
      const dueMs = msOf(body.due_at) ?? null;
      const { description: words, completed } = body;
      const item = { userId, id: random.uuid(), description: words, completed, dueMs, conversationId };
      return await createActionItem(db, { ...item, nowMs: clock.now() });
    },
  );

  app.get(
    "/v1/action-items/:id",
    { schema: { tags, summary: "Get one", params: IdParams, response: { 200: ActionItem } } },
    async ({ userId, params }) => found(await findActionItem(db, userId, params.id)),
  );

  app.patch(
    "/v1/action-items/:id",
    {
      schema: {
        tags,
        summary: "Change one, also where its conversation shows it",
        params: IdParams,
        body: ItemChange,
        response: { 200: ActionItem },
      },
    },
    async ({ userId, params, body }) => {
      const change = { description: body.description, completed: body.completed, dueMs: msOf(body.due_at) };
      return found(await changeActionItem(db, userId, params.id, change, clock.now()));
    },
  );

  app.patch(
    "/v1/action-items/:id/completed",
    {
      schema: {
        tags,
        summary: "Tick it off, or not",
        params: IdParams,
        querystring: z.object({ completed: flag }),
        response: { 200: ActionItem },
      },
    },
    async ({ userId, params, query }) =>
      found(await changeActionItem(db, userId, params.id, { completed: query.completed }, clock.now())),
  );

  app.delete(
    "/v1/action-items/:id",
    { schema: { tags, summary: "Delete one, also where its conversation shows it", params: IdParams } },
    async ({ userId, params }, reply) => {
      if (!(await deleteActionItem(db, userId, params.id, clock.now()))) throw notFound();
      return await reply.code(204).send();
    },
  );
}

/** Undefined leaves a date, null takes it away. */
function msOf(value: string | null | undefined): number | null | undefined {
  return typeof value === "string" ? parseTime(value) : value;
}

function found(item: StoredActionItem | undefined): StoredActionItem {
  if (item === undefined) throw notFound();
  return item;
}

function notFound(): HoldfastError {
  return new HoldfastError("Action item not found", { code: "not_found", class: "permanent_input" });
}
