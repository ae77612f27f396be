/** Full-text search over titles, summaries and every word said (reference listen-and-pusher section 9). */
import { CONVERSATION_STATUSES, Conversation, ConversationStatus, HoldfastError } from "@holdfast/contract";
import { searchConversations } from "@holdfast/store";
import { z } from "zod";
import type { App, HttpContext } from "../http/context.ts";
import { parseTime, text } from "./input.ts";

const MAX_PER_PAGE = 100;

const SearchBody = z.object({
  query: text(1_000),
  page: z.number().int().min(1).max(1_000_000).default(1),
  per_page: z.number().int().min(1).max(MAX_PER_PAGE).default(10),
  include_discarded: z.boolean().default(true),
  statuses: z.array(ConversationStatus).max(CONVERSATION_STATUSES.length).default([]),
  starred: z.boolean().nullish(),
  has_audio: z.boolean().nullish(),
  start_date: z.string().nullish(),
  end_date: z.string().nullish(),
});

const SearchAnswer = z.object({
  items: z.array(Conversation),
  total_pages: z.number().int(),
  current_page: z.number().int(),
  per_page: z.number().int(),
});

export function registerSearch(app: App, { db }: Pick<HttpContext, "db">): void {
  app.post(
    "/v1/conversations/search",
    {
      schema: {
        tags: ["conversations"],
        summary: "Full-text search",
        body: SearchBody,
        response: { 200: SearchAnswer },
      },
    },
    async ({ userId, body }) => {
      const found = await searchConversations(db, {
        userId,
        query: body.query,
        includeDiscarded: body.include_discarded,
        statuses: body.statuses,
        starred: body.starred ?? null,
        hasAudio: body.has_audio ?? null,
        startMs: timeOrRefuse(body.start_date),
        endMs: timeOrRefuse(body.end_date),
        page: body.page,
        perPage: body.per_page,
      });
      const totalPages = Math.ceil(found.total / body.per_page);
      return { items: [...found.items], total_pages: totalPages, current_page: body.page, per_page: body.per_page };
    },
  );
}

function timeOrRefuse(value: string | null | undefined): number | null {
  if (value === null || value === undefined || value === "") return null;
  const ms = parseTime(value);
  if (ms !== undefined) return ms;
  throw new HoldfastError("a date must be in ISO 8601", { code: "bad_request", class: "permanent_input" });
}
