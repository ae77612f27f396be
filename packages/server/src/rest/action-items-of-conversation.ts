/**
 * The tasks and calendar events inside one conversation, chosen by their place or by their words (reference listen-and-pusher
 * section 9). A change of a task is a change of the same task in the list of all tasks.
 */
import type { ActionItem } from "@holdfast/contract";
import { HoldfastError } from "@holdfast/contract";
import { changeConversationTasks, markEvents, type TaskChange } from "@holdfast/store";
import { z } from "zod";
import type { App, HttpContext } from "../http/context.ts";
import { IdParams, text } from "./input.ts";
import { conversationNotFound, ownConversation, ownConversationView } from "./own-conversation.ts";

const MAX_PLACES = 1_000;
const MAX_DESCRIPTION = 2_000;
const tags = ["conversations"];
const Ok = z.object({ status: z.literal("Ok") });
const places = z.array(z.number().int().min(0)).max(MAX_PLACES);
const values = z.array(z.boolean()).max(MAX_PLACES);

export function registerActionItemsOfConversation(app: App, { db, clock }: Pick<HttpContext, "db" | "clock">): void {
  const changeTasks = async (
    userId: string,
    id: string,
    choose: (task: ActionItem, index: number) => TaskChange | "delete" | undefined,
  ): Promise<{ status: "Ok" }> => {
    await ownConversation(db, userId, id);
    if (!(await changeConversationTasks(db, userId, id, choose, clock.now()))) throw conversationNotFound();
    return { status: "Ok" };
  };

  app.get(
    "/v1/conversations/:id/action-items",
    { schema: { tags, summary: "The tasks of a conversation", params: IdParams } },
    async ({ userId, params: { id } }) => {
      const { structured } = await ownConversationView(db, userId, id);
      return { action_items: structured.action_items, conversation_id: id };
    },
  );

  app.patch(
    "/v1/conversations/:id/action-items",
    {
      schema: {
        tags,
        summary: "Tick tasks off, by their places",
        params: IdParams,
        body: z.object({ items_idx: places, values }),
        response: { 200: Ok },
      },
    },
    async ({ userId, params: { id }, body }) => {
      const chosen = paired(body.items_idx, body.values);
      return await changeTasks(userId, id, (_task, index) => {
        const completed = chosen.get(index);
        return completed === undefined ? undefined : { completed };
      });
    },
  );

  app.patch(
    "/v1/conversations/:id/action-items/:idx",
    {
      schema: {
        tags,
        summary: "Reword a task, found by its old words",
        params: IdParams.extend({ idx: z.string() }),
        body: z.object({
          old_description: text(MAX_DESCRIPTION),
          description: text(MAX_DESCRIPTION).refine((value) => value.trim() !== "", "must not be empty"),
        }),
        response: { 200: Ok },
      },
    },
    async ({ userId, params: { id }, body }) =>
      await changeTasks(userId, id, (task) =>
        task.description === body.old_description ? { description: body.description } : undefined,
      ),
  );

  app.delete(
    "/v1/conversations/:id/action-items",
    {
      schema: {
        tags,
        summary: "Delete a task, found by its words",
        params: IdParams,
        body: z.object({ description: text(MAX_DESCRIPTION), completed: z.boolean().optional() }),
        response: { 200: Ok },
      },
    },
    async ({ userId, params: { id }, body }) =>
      await changeTasks(userId, id, (task) => (task.description === body.description ? "delete" : undefined)),
  );

  app.patch(
    "/v1/conversations/:id/events",
    {
      schema: {
        tags,
        summary: "Say which calendar events were created, by their places",
        params: IdParams,
        body: z.object({ events_idx: places, values }),
        response: { 200: Ok },
      },
    },
    async ({ userId, params: { id }, body }) => {
      const created = paired(body.events_idx, body.values);
      await ownConversation(db, userId, id);
      if (!(await markEvents(db, userId, id, created, clock.now()))) throw conversationNotFound();
      return { status: "Ok" as const };
    },
  );
}

function paired(indices: readonly number[], flags: readonly boolean[]): Map<number, boolean> {
  if (indices.length !== flags.length) {
    const message = "as many values as places are needed";
    throw new HoldfastError(message, { code: "validation_failed", class: "permanent_input" });
  }
  return new Map(indices.map((index, at) => [index, flags[at] ?? false]));
}
