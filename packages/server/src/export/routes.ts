/**
 * Taking one's data along: one conversation as a document, or everything as a ZIP file. The archive is made while it is read
 * and never held; one at a time for each user, a few for the process. A browser that cannot put a token on a download asks for
 * a link first, which works without one for five minutes.
 */
import { type Conversation, HoldfastError, messageOf } from "@holdfast/contract";
import { attachmentHeader, exportName, markdownOf, type PeopleNames, plainTextOf, srtOf, vttOf } from "@holdfast/core";
import { ensureSecret, findSecret, listPeople } from "@holdfast/store";
import type { FastifyReply } from "fastify";
import { z } from "zod";
import type { App, HttpContext } from "../http/context.ts";
import { IdParams } from "../rest/input.ts";
import { ownConversationView } from "../rest/own-conversation.ts";
import { isSigned, SignedQuery, signedPath } from "../rest/playback-links.ts";
import { writeArchive } from "./contents.ts";
import { createZip } from "./zip.ts";

const tags = ["export"];
const config = { problem: true };
const LINK_VALID_MS = 300_000;
const MAX_ARCHIVES = 4;

interface Format {
  readonly extension: string;
  readonly contentType: string;
  render(conversation: Conversation, names: PeopleNames): string;
}

const FORMATS = {
  markdown: { extension: "md", contentType: "text/markdown; charset=utf-8", render: markdownOf },
  json: {
    ...{ extension: "json", contentType: "application/json; charset=utf-8" },
    render: (conversation, names) =>
      `${JSON.stringify({ ...conversation, people: named(conversation, names) }, null, 2)}\n`,
  },
  srt: { extension: "srt", contentType: "application/x-subrip; charset=utf-8", render: srtOf },
  vtt: { extension: "vtt", contentType: "text/vtt; charset=utf-8", render: vttOf },
  txt: { extension: "txt", contentType: "text/plain; charset=utf-8", render: plainTextOf },
} as const satisfies Record<string, Format>;

type FormatName = keyof typeof FORMATS;
const NAMES = Object.keys(FORMATS) as [FormatName, ...FormatName[]];

const ExportLink = z.object({
  path: z.string().describe("Path and query, behind the address of this server"),
  expires_at: z.string(),
});

export function registerConversationExport(app: App, { db }: Pick<HttpContext, "db">): void {
  app.get(
    "/v1/conversations/:id/export",
    {
      schema: {
        tags,
        summary: "One conversation as a document or as captions",
        params: IdParams,
        querystring: z.object({ format: z.enum(NAMES) }),
      },
    },
    async ({ userId, params, query }, reply) => {
      const conversation = await ownConversationView(db, userId, params.id);
      const names = new Map((await listPeople(db, userId)).map((person) => [person.id, person.name]));
      const format: Format = FORMATS[query.format];
      return await reply
        .header("content-type", format.contentType)
        .header("content-disposition", attachmentHeader(exportName(conversation, format.extension)))
        .header("cache-control", "private, no-store")
        .send(Buffer.from(format.render(conversation, names)));
    },
  );
}

/** The people who speak in it. */
function named({ transcript_segments }: Conversation, names: PeopleNames): object[] {
  const ids = new Set(transcript_segments.map((segment) => segment.person_id));
  return [...names].filter(([id]) => ids.has(id)).map(([id, name]) => ({ id, name }));
}

type Context = Pick<HttpContext, "db" | "blobs" | "clock" | "log" | "draining">;

export type SendArchive = (userId: string, reply: FastifyReply) => Promise<FastifyReply>;

export function registerArchive(app: App, { db, clock }: Context, send: SendArchive): void {
  app.get(
    "/v1/users/export",
    { config, schema: { tags, summary: "Everything that is kept of me, as a ZIP file" } },
    async ({ userId }, reply) => await send(userId, reply),
  );

  app.post(
    "/v1/users/export-link",
    { config, schema: { tags, summary: "A link to the same file that needs no token", response: { 201: ExportLink } } },
    async ({ userId }, reply) => {
      const nowMs = clock.now();
      const path = signedPath({ userId, archive: true }, await ensureSecret(db, userId, nowMs), nowMs, LINK_VALID_MS);
      void reply.code(201).header("cache-control", "no-store");
      return { path, expires_at: new Date(nowMs + LINK_VALID_MS).toISOString() };
    },
  );
}

/** Beside the routes that need a token: the link is the proof. */
export function registerSignedArchive(app: App, { db, clock }: Context, send: SendArchive): void {
  app.get(
    "/v1/users/signed-export/:user_id",
    {
      config,
      schema: {
        tags,
        summary: "The ZIP file behind a link; no token needed",
        security: [],
        params: z.object({ user_id: z.string() }),
        querystring: SignedQuery,
      },
    },
    async ({ params: { user_id: userId }, query }, reply) => {
      const secret = userId.includes("\0") ? undefined : await findSecret(db, userId);
      if (secret === undefined || !isSigned({ userId, archive: true }, secret, query, clock.now())) {
        throw new HoldfastError("this link is not valid (any more)", { code: "forbidden", class: "permanent_input" });
      }
      return await send(userId, reply);
    },
  );
}

/** Answers with the archive of a user. Throws HoldfastError `export_running` and `exports_busy`. */
export function archiveSender({ db, blobs, clock, log, draining }: Context): SendArchive {
  const running = new Set<string>();
  return async (userId, reply) => {
    if (running.has(userId))
      throw busy("export_running", "an export of this account is being read already", "throttle");
    if (running.size >= MAX_ARCHIVES) throw busy("exports_busy", "other exports are being made", "capacity");
    running.add(userId);
    const nowMs = clock.now();
    const zip = createZip({ nowMs });
    const giveUp = (): void => zip.fail(new Error("the server is restarting"));
    draining.addEventListener("abort", giveUp, { once: true });
    void writeArchive(zip, { db, blobs, userId, nowMs })
      .catch((error: unknown) => {
        if (!zip.output.destroyed) log.warn({ error: messageOf(error) }, "an export broke off");
        zip.fail(error instanceof Error ? error : new Error(messageOf(error)));
      })
      .finally(() => {
        running.delete(userId);
        draining.removeEventListener("abort", giveUp);
      });
    return await reply
      .header("content-type", "application/zip")
      .header(
        "content-disposition",
        attachmentHeader(`holdfast-export-${new Date(nowMs).toISOString().slice(0, 10)}.zip`),
      )
      .header("cache-control", "private, no-store")
      .send(zip.output);
  };
}

function busy(code: string, message: string, failure: "throttle" | "capacity"): HoldfastError {
  const scope = failure === "throttle" ? "account" : "service";
  return new HoldfastError(message, { code, class: failure, scope, retryAfterMs: 10_000 });
}
