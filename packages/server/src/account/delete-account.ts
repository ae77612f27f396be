/**
 * `DELETE /v1/users/delete-account`: everything that is kept of the asker goes. When this answers, no token of the account opens
 * anything; rows and bytes follow within minutes, whatever process dies meanwhile. There is no way back.
 */
import { HoldfastError } from "@holdfast/contract";
import { OWNER_USER_ID, requestAccountDeletion } from "@holdfast/store";
import { z } from "zod";
import type { App, HttpContext } from "../http/context.ts";
import { text } from "../rest/input.ts";

type Context = Pick<HttpContext, "db" | "clock" | "tokens" | "listen" | "log">;

const STARTED = "Account deletion started";

export function registerAccountDeletion(app: App, { db, clock, tokens, listen, log }: Context): void {
  app.delete(
    "/v1/users/delete-account",
    {
      schema: {
        tags: ["account"],
        summary: "Delete my account and everything in it",
        querystring: z.object({
          confirm: text(200).optional().describe("The account's id; where it is given, it must be right"),
        }),
        response: { 200: z.object({ status: z.literal("ok"), message: z.string() }) },
      },
    },
    async ({ userId, query }) => {
      if (query.confirm !== undefined && query.confirm !== userId) {
        throw new HoldfastError("confirm is not the id of this account", {
          code: "validation_failed",
          class: "permanent_input",
        });
      }
      await requestAccountDeletion(db, userId, clock.now());
      tokens.forgetUser(userId);
      log.info({ event: "account_deletion_requested" }, "somebody deletes an account");
      void listen.checkSessions();
      const owner = "; the next start of the server makes a new, empty account for the token in owner.token";
      return { status: "ok" as const, message: userId === OWNER_USER_ID ? STARTED + owner : STARTED };
    },
  );
}
