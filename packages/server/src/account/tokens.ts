/**
 * Access tokens of the asker, for a settings page: list, make, revoke. Nobody sees or ends those of somebody else. A token that
 * is revoked opens nothing more on this gateway at once, and on others within seconds; live sockets that it opened make durable
 * what they have and are closed with 4004.
 */
import { AccessToken, HoldfastError, NewAccessToken, RevokedAccessToken } from "@holdfast/contract";
import { createOwnToken, listOwnTokens, type OwnToken, revokeOwnToken, tokenIdOf } from "@holdfast/store";
import { z } from "zod";
import type { App, HttpContext } from "../http/context.ts";
import { IdParams, text, time } from "../rest/input.ts";

const tags = ["account"];
const config = { problem: true };

const MAX_NAME = 100;
const Asked = z.object({
  name: text(MAX_NAME)
    .transform((value) => value.replace(/\s+/gu, " ").trim())
    .refine((value) => value !== "", "must not be empty")
    .describe("What a person will know it by"),
  expires_at: time.nullish().describe("ISO 8601, in the future; good until it is revoked where absent or null"),
});

type Context = Pick<HttpContext, "db" | "clock" | "tokens" | "listen">;

export function registerTokens(app: App, { db, clock, tokens, listen }: Context): void {
  app.get(
    "/v1/users/tokens",
    { config, schema: { tags, summary: "My access tokens, newest first", response: { 200: z.array(AccessToken) } } },
    async ({ userId, tokenHash }) => {
      const current = tokenIdOf(tokenHash);
      return (await listOwnTokens(db, userId)).map((token) => tokenView(token, current));
    },
  );

  app.post(
    "/v1/users/tokens",
    {
      config,
      schema: {
        tags,
        summary: "Make an access token; its text is shown once",
        body: Asked,
        response: { 201: NewAccessToken },
      },
    },
    async ({ userId, tokenHash, body }, reply) => {
      const nowMs = clock.now();
      const expiresMs = body.expires_at ?? null;
      if (expiresMs !== null && expiresMs <= nowMs) {
        throw new HoldfastError("expires_at is in the past", { code: "validation_failed", class: "permanent_input" });
      }
      const { token, made } = await createOwnToken(db, { userId, name: body.name, nowMs, expiresMs });
      void reply.code(201).header("cache-control", "no-store");
      return { ...tokenView(made, tokenIdOf(tokenHash)), token };
    },
  );

  app.delete(
    "/v1/users/tokens/:id",
    {
      config,
      schema: {
        tags,
        summary: "Revoke an access token, also the one this request came with",
        params: IdParams,
        response: { 200: RevokedAccessToken },
      },
    },
    async ({ userId, tokenHash, params: { id } }) => {
      if (!(await revokeOwnToken(db, userId, id, clock.now()))) {
        throw new HoldfastError("there is no such token", { code: "token_not_found", class: "permanent_input" });
      }
      tokens.forgetUser(userId);
      // Not waited for: a session first makes durable what it has. What fails is done by its next look.
      void listen.checkSessions();
      return { status: "revoked" as const, was_current: id === tokenIdOf(tokenHash) };
    },
  );
}

const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());

function tokenView(token: OwnToken, currentId: string): AccessToken {
  return {
    id: token.id,
    name: token.name,
    created_at: new Date(token.createdMs).toISOString(),
    last_used_at: iso(token.lastUsedMs),
    expires_at: iso(token.expiresMs),
    current: token.id === currentId,
  };
}
