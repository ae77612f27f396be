/**
 * List, count and get (reference listen-and-pusher section 9). A conversation is listed whatever its state: without
 * `statuses` nothing is left out. Locked ones are listed without their words.
 */
import { Conversation, HoldfastError } from "@holdfast/contract";
import { type ConversationFilter, countConversations, listConversations } from "@holdfast/store";
import { z } from "zod";
import type { App, HttpContext } from "../http/context.ts";
import { commaSeparated, flag, IdParams, integer, time } from "./input.ts";
import { ownConversationView } from "./own-conversation.ts";

const DEFAULT_PAGE = 100;
/** A page is made on the loop that holds the live sockets, so it is bounded; a cut page says so in a header. */
const MAX_PAGE = 500;
const MAX_VALUES = 20;

const FilterQuery = z.object({
  statuses: commaSeparated.describe("Comma-separated; every status by default"),
  sources: commaSeparated.describe("Comma-separated; every source by default"),
  include_discarded: flag.optional(),
  starred: flag.optional(),
  has_audio: flag.optional().describe("Whether sound of it can be played"),
  start_date: time.optional(),
  end_date: time.optional(),
  folder_id: z.string().optional().describe("Accepted; there are no folders, so a folder is empty"),
});

const ListQuery = FilterQuery.extend({ limit: integer(DEFAULT_PAGE, 1), offset: integer(0, 0) });

export function registerConversationReads(app: App, { db }: Pick<HttpContext, "db">): void {
  app.get(
    "/v1/conversations",
    {
      schema: {
        tags: ["conversations"],
        summary: "List conversations, newest first, whatever their state",
        querystring: ListQuery,
        response: { 200: z.array(Conversation) },
      },
    },
    async (request, reply) => {
      const { query, userId } = request;
      const filter = filterOf(userId, query, true);
      if (isEmptyFolder(query.folder_id)) return [];
      if (query.limit > MAX_PAGE) void reply.header("x-omi-list-truncated", "true");
      const limit = Math.min(query.limit, MAX_PAGE);
      const page = await listConversations(db, { ...filter, limit, offset: query.offset });
      return page.map((item) => (item.is_locked ? withoutWords(item) : item));
    },
  );

  app.get(
    "/v1/conversations/count",
    {
      schema: {
        tags: ["conversations"],
        summary: "Count conversations",
        querystring: FilterQuery,
        response: { 200: z.object({ count: z.number().int() }) },
      },
    },
    async (request) => {
      const filter = filterOf(request.userId, request.query, false);
      if (isEmptyFolder(request.query.folder_id)) return { count: 0 };
      return { count: await countConversations(db, filter) };
    },
  );

  app.get(
    "/v1/conversations/:id",
    {
      schema: {
        tags: ["conversations"],
        summary: "Get one conversation with its transcript",
        params: IdParams,
        response: { 200: Conversation },
      },
    },
    async (request) => await ownConversationView(db, request.userId, request.params.id),
  );
}

/** There are no folders yet, so asking for one finds nothing, and asking for none asks for everything. */
function isEmptyFolder(folderId: string | undefined): boolean {
  return folderId !== undefined && folderId !== "";
}

function filterOf(
  userId: string,
  query: z.output<typeof FilterQuery>,
  discardedByDefault: boolean,
): ConversationFilter {
  const { statuses, sources } = query;
  if (statuses.length > MAX_VALUES || sources.length > MAX_VALUES)
    throw badRequest(`at most ${MAX_VALUES} values each`);
  if (statuses.length > 1 && sources.length > 1) throw badRequest("several sources cannot go with several statuses");
  const startMs = query.start_date ?? null;
  const endMs = query.end_date ?? null;
  if (startMs !== null && endMs !== null && startMs > endMs) throw badRequest("start_date is after end_date");
  const includeDiscarded = query.include_discarded ?? discardedByDefault;
  const [starred, hasAudio] = [query.starred ?? null, query.has_audio ?? null];
  return { userId, statuses, sources, includeDiscarded, starred, hasAudio, startMs, endMs };
}

function badRequest(message: string): HoldfastError {
  return new HoldfastError(message, { code: "bad_request", class: "permanent_input" });
}

function withoutWords(item: Conversation): Conversation {
  const structured = { ...item.structured, overview: "", action_items: [], events: [] };
  return { ...item, structured, transcript_segments: [] };
}
